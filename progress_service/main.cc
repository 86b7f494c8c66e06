#include <cstdio>
#include <optional>
#include <string>

#include "common/grpc_server.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/options.h"
#include "common/short_slices.h"
#include "common/shutdown_signal.h"
#include "common/timer.h"
#include "progress_service/active_jobs.h"
#include "progress_service/ledger_poll.h"
#include "progress_service/options.h"
#include "progress_service/progress_hub.h"
#include "progress_service/progress_service.h"
#include "progress_service/recorder.h"
#include "progress_service/watchers.h"
#include "progress_service/worker_feeds.h"

namespace genwatch {
namespace {

absl::Status Run(const ProgressServiceConfig& config, ShutdownSignal& signal) {
  const Clock* const clock = RealClock();
  auto registry =
      Metrics::Start(config.server.host, config.server.metrics_port, "progress_service");
  if (!registry.ok()) return registry.status();
  const ProgressMetrics metrics(**registry);

  TimerQueue timers;
  ProgressHub hub(clock, {.max_text_bytes = config.max_text_bytes}, metrics);
  ActiveJobs active;
  Watchers watchers({.hub = &hub, .active = &active, .timers = &timers, .clock = clock},
                    config.max_watchers, metrics);
  ProgressServiceImpl service(config.job_service, &hub, &watchers,
                              {.dev_identity = config.server.dev_identity});
  auto server = GrpcServer::Start(GrpcServerOptionsOf(config.server), {&service});
  if (!server.ok()) return server.status();
  {
    // Ready once the ledger has answered: before, nobody can be told anything.
    LedgerPoll poll(
        config.job_service, {.hub = &hub, .active = &active, .clock = clock},
        [&server] { (*server)->SetServing(true); }, metrics);
    WorkerFeeds feeds(config.generation, &hub, &timers, clock, metrics);
    Recorder recorder(config.job_service, &hub, config.console, metrics);
    LogInfo("serving", {{"address", (*server)->address()}});
    signal.Wait();
    LogInfo("shutting down");
    watchers.Drain();
    (*server)->Drain();
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace genwatch

int main(int argc, char** argv) {
  genwatch::AskForShortSlices();
  genwatch::ShutdownSignal signal;
  genwatch::SetProgressServiceFlagDefaults();
  const auto parsed = genwatch::ParseCommandLine(
      argc, argv, {"progress_service", "Tells everyone who watches a job how it stands, live."});
  if (parsed.ok() && !parsed->print_and_exit.empty()) {
    std::fputs(parsed->print_and_exit.c_str(), stdout);
    return 0;
  }
  const auto config = parsed.ok()
                          ? genwatch::ProgressServiceConfigFromFlags()
                          : absl::StatusOr<genwatch::ProgressServiceConfig>(parsed.status());
  absl::Status status = config.status();
  if (status.ok()) {
    status = genwatch::InitLogging(genwatch::LogOptionsOf(config->server, "progress_service"));
  }
  if (status.ok()) status = genwatch::Run(*config, signal);
  if (!status.ok()) {
    std::fprintf(stderr, "progress_service: %s\n", std::string(status.message()).c_str());
  }
  return status.ok() ? 0 : 1;
}
