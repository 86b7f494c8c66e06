// The worker: takes jobs from the job service, runs them on an Ollama, and tells what happens.

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/grpc_server.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/options.h"
#include "common/short_slices.h"
#include "common/shutdown_signal.h"
#include "generation_service/event_loop.h"
#include "generation_service/generation_service.h"
#include "generation_service/job_lease_client.h"
#include "generation_service/noop_client.h"
#include "generation_service/ollama_client.h"
#include "generation_service/options.h"
#include "generation_service/state_feed.h"
#include "generation_service/worker.h"

namespace genwatch {
namespace {

constexpr char kName[] = "generation_service";
// For the last calls; the jobs have had their time before (--drain_seconds).
constexpr absl::Duration kServerDrain = absl::Seconds(2);

std::unique_ptr<ModelClient> MakeModelClient(const Options& options, EventLoop* loop) {
  if (options.noop) return std::make_unique<NoopClient>(loop);
  return std::make_unique<OllamaClient>(loop, options.ollama);
}

absl::Status Run(Options options, ShutdownSignal& signal) {
  auto metrics = Metrics::Start(options.server.host, options.server.metrics_port, kName);
  if (!metrics.ok()) return metrics.status();
  EventLoop loop("generation");
  JobLeaseClient ledger(&loop, options.job_service);
  const std::unique_ptr<ModelClient> models = MakeModelClient(options, &loop);
  StateFeed feed;
  // Created below, told by the worker.
  std::unique_ptr<GrpcServer> server;
  Worker worker({.loop = &loop,
                 .ledger = &ledger,
                 .models = models.get(),
                 .feed = &feed,
                 .metrics = metrics->get()},
                options.worker, [&server](bool ready) { server->SetServing(ready); });
  GenerationServiceImpl service(&worker, &feed);
  GrpcServerOptions server_options = GrpcServerOptionsOf(options.server);
  server_options.drain = kServerDrain;
  auto started = GrpcServer::Start(server_options, {&service});
  if (!started.ok()) return started.status();
  server = *std::move(started);
  worker.Start(AdvertisedAddress(options, server->port()));
  LogInfo("started", {{"address", server->address()},
                      {"instance", options.worker.instance},
                      {"job_service", options.job_service},
                      {"model_server", models->url()}});
  signal.Wait([&worker] { worker.HandOverNow(); });
  worker.Drain();
  signal.DropHurry();
  feed.Shutdown();
  server->Drain();
  worker.Shutdown();
  loop.Stop();
  LogInfo("stopped");
  return absl::OkStatus();
}

absl::Status Main(int argc, char** argv) {
  ShutdownSignal signal;
  SetFlagDefaults();
  auto parsed = ParseCommandLine(
      argc, argv, {.name = kName, .description = "Runs jobs on a model server (Ollama)."});
  if (!parsed.ok()) return parsed.status();
  if (!parsed->print_and_exit.empty()) {
    std::fputs(parsed->print_and_exit.c_str(), stdout);
    return absl::OkStatus();
  }
  absl::StatusOr<Options> options = OptionsFromFlags();
  if (!options.ok()) return options.status();
  if (absl::Status status = InitLogging(LogOptionsOf(options->server, kName)); !status.ok()) {
    return status;
  }
  return Run(*std::move(options), signal);
}

}  // namespace
}  // namespace genwatch

int main(int argc, char** argv) {
  genwatch::AskForShortSlices();
  const absl::Status status = genwatch::Main(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "generation_service: %s\n", std::string(status.message()).c_str());
  return 1;
}
