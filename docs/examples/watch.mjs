// Submits a prompt and shows its answer as it is made:
//   npm install @genwatch/client
//   node watch.mjs 'Why is the sky blue?' [http://127.0.0.1:8080]
// Ctrl-C leaves; the job goes on.
import { createClient } from "@genwatch/client";

const [prompt = "Why is the sky blue?", baseUrl = "http://127.0.0.1:8080"] =
  process.argv.slice(2);
const client = createClient({ baseUrl });
const leaving = new AbortController();
process.once("SIGINT", () => leaving.abort());

try {
  const jobId = await client.submit({ prompt }, { signal: leaving.signal });
  for await (const update of client.watch(jobId, { signal: leaving.signal })) {
    switch (update.kind) {
      case "text":
        if (update.channel === "answer") process.stdout.write(update.text);
        break;
      case "reset":
        process.stderr.write(
          `\n[another attempt goes on from byte ${update.offset}]\n`,
        );
        break;
      case "connection":
        if (update.connection !== "live")
          process.stderr.write(`\n[${update.connection}]\n`);
        break;
      case "ended": {
        const { state, totalTokens, elapsedMs, message } = update.view;
        const end =
          state === "completed" ? `${totalTokens} tokens` : (message ?? state);
        process.stderr.write(
          `\n[${state}: ${end}, ${(elapsedMs / 1000).toFixed(1)} s]\n`,
        );
        if (state !== "completed") process.exitCode = 1;
        break;
      }
      case "missing":
        process.stderr.write("[there is no such job]\n");
        process.exitCode = 1;
    }
  }
} catch (error) {
  if (!leaving.signal.aborted) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
