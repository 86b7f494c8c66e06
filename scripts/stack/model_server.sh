# shellcheck shell=bash
# Which model server is used: the Ollama at OLLAMA_URL if one answers, else the bundled simulator. Sourced.

SIMULATOR=$BUILD/release/tests/ollama_sim/ollama_sim

model_server_answers() { curl -fsS -m 1 -o /dev/null "$1/api/version" 2>/dev/null; }

# OLLAMA_URL=simulator asks for the simulator even where an Ollama answers.
choose_model_server() {
  SIMULATED=0 SIMULATOR_PORT=
  if [ "$OLLAMA_URL" != simulator ] && model_server_answers "$OLLAMA_URL"; then return 0; fi
  WANTED_OLLAMA=$OLLAMA_URL
  SIMULATED=1
  free_port
  SIMULATOR_PORT=$FREE_PORT
  OLLAMA_URL=http://127.0.0.1:$SIMULATOR_PORT
}

tell_model_server() {
  if [ "$SIMULATED" = 0 ]; then
    say "Model server: the Ollama at $OLLAMA_URL"
    return 0
  fi
  say '********************************************************************************'
  say '*  SIMULATED MODEL: the text is made up. No Ollama is used.'
  if [ "${WANTED_OLLAMA:-simulator}" != simulator ]; then
    say "*  None answered at $WANTED_OLLAMA. To use one:"
    say '*      OLLAMA_URL=http://127.0.0.1:11434 make run'
  fi
  say '********************************************************************************'
}
