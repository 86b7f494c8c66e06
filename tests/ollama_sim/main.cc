// ollama_sim: see README.md.
#include <signal.h>

#include <cstdio>

#include "tests/ollama_sim/options.h"
#include "tests/ollama_sim/server.h"

namespace {

genwatch::ollama_sim::Server* running = nullptr;

void StopRunning(int) { running->Stop(); }

}  // namespace

int main(int argc, char** argv) {
  const genwatch::ollama_sim::OptionsOrExit parsed = genwatch::ollama_sim::ParseOptions(argc, argv);
  if (parsed.exit_code >= 0) {
    std::fputs(parsed.message.c_str(), parsed.exit_code == 0 ? stdout : stderr);
    return parsed.exit_code;
  }
  genwatch::ollama_sim::Server server(parsed.options);
  const std::string error = server.Listen();
  if (!error.empty()) {
    std::fprintf(stderr, "ollama_sim: %s\n", error.c_str());
    return 1;
  }
  running = &server;
  signal(SIGTERM, StopRunning);
  signal(SIGINT, StopRunning);
  std::printf("ollama_sim listening on http://%s:%d\n", parsed.options.host.c_str(), server.port());
  std::fflush(stdout);
  server.Run();
  return 0;
}
