#include <cstdio>
#include <memory>
#include <utility>

#include "common/executor.h"
#include "common/grpc_server.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/options.h"
#include "common/periodic.h"
#include "common/shutdown_signal.h"
#include "common/timer.h"
#include "job_service/bookkeeper.h"
#include "job_service/job_feed_service.h"
#include "job_service/job_lease_service.h"
#include "job_service/job_leaser.h"
#include "job_service/job_service.h"
#include "job_service/mariadb_job_store.h"
#include "job_service/options.h"
#include "job_service/reaper.h"
#include "job_service/reconciler.h"
#include "job_service/redis_job_queue.h"
#include "job_service/suspect_room.h"
#include "job_service/worker_client.h"

namespace genwatch {
namespace {

constexpr size_t kQueueLimit = 4096;
constexpr int kControlThreads = 4;
// The control threads, the reaper, the reconciler, the look for suspects and the bookkeeper use the
// ledger beside its own threads.
constexpr size_t kMoreConnections = kControlThreads + 4;

absl::Status Run(const JobServiceConfig& config, ShutdownSignal& signal) {
  const Clock* clock = RealClock();
  auto metrics = Metrics::Start(config.server.host, config.server.metrics_port, "job_service");
  if (!metrics.ok()) return metrics.status();

  MariaDbJobStore store(
      {.connection = config.mariadb, .connections = config.mariadb_connections + kMoreConnections});
  RedisJobQueue queue(config.redis, clock);
  QueueFeeder feeder(&queue);
  LedgerHealth health;
  ModelRegistry models(config.default_model);
  JobWaiters waiters(&store, clock);
  WaitEstimator waits(&store, clock);
  ModelHolds holds(&store, clock);
  QueueView queue_view(&store, &queue, &holds, &waits);
  JobForecast forecast(&store, &queue, &models, &holds, &waits, clock);
  JobLeaser leaser(&store, &queue, &feeder, &holds, &health, config.max_output_bytes);
  SuspectRoom room(&store, &models, clock);
  WorkerClient workers;
  JobControl control(&store, &feeder,
                     [&workers](const auto&... order) { return workers.Stop(order...); });
  ServiceMetrics service_metrics(**metrics);

  TimerQueue timers;
  Executor executor("ledger", static_cast<int>(config.mariadb_connections), kQueueLimit);
  Executor control_executor("control", kControlThreads, kQueueLimit);
  Executor heartbeat_executor("heartbeat", 2, kQueueLimit);
  LeaseBroker broker([&leaser](const auto& request) { return leaser.Lease(request); },
                     [&leaser](const auto&... lease) { leaser.GiveBack(lease...); }, &executor,
                     &timers);

  JobServiceImpl job_service({.identity = {.dev_identity = config.server.dev_identity},
                              .limits = {.prompt_bytes = config.max_prompt_bytes},
                              .max_failures = config.max_failures,
                              .operators = config.operators},
                             {.store = &store,
                              .feeder = &feeder,
                              .control = &control,
                              .waiters = &waiters,
                              .models = &models,
                              .metrics = &service_metrics,
                              .executor = &executor,
                              .control_executor = &control_executor,
                              .holds = &holds,
                              .queue_view = &queue_view,
                              .forecast = &forecast,
                              .look_for_work = [&broker] { broker.LookAll(); }});
  JobLeaseServiceImpl lease_service({.store = &store,
                                     .feeder = &feeder,
                                     .waiters = &waiters,
                                     .broker = &broker,
                                     .models = &models,
                                     .room = &room,
                                     .metrics = &service_metrics,
                                     .executor = &executor,
                                     .heartbeat_executor = &heartbeat_executor});
  JobFeedServiceImpl feed_service({.store = &store,
                                   .queue = &queue,
                                   .models = &models,
                                   .waits = &waits,
                                   .holds = &holds,
                                   .executor = &executor,
                                   .clock = clock});
  auto server = GrpcServer::Start(GrpcServerOptionsOf(config.server),
                                  {&job_service, &lease_service, &feed_service});
  if (!server.ok()) return server.status();

  Reaper reaper(&store, &feeder, &health, clock);
  Reconciler reconciler(&store, &queue, &feeder);
  Bookkeeper bookkeeper(&store);
  auto wakes = queue.OnEnqueued([&broker](const std::string& model) { broker.Wake(model); });
  {
    Periodic reap(
        "reaper", absl::Milliseconds(500),
        [&] {
          reaper.Run();
          (*server)->SetServing(health.healthy());
          service_metrics.SetLedgerHealthy(health.healthy());
        },
        Periodic::FirstRun::kAtOnce);
    Periodic reconcile(
        "reconciler", absl::Milliseconds(500), [&] { reconciler.Run(); },
        Periodic::FirstRun::kAtOnce);
    Periodic share(
        "models", absl::Seconds(5), [&] { ShareModels(store, models); },
        Periodic::FirstRun::kAtOnce);
    Periodic keep_books("bookkeeper", absl::Seconds(10), [&] { bookkeeper.Run(); });
    Periodic make_room("suspects", absl::Seconds(2), [&] { room.Run(); });
    Periodic look("looks", absl::Milliseconds(250), [&] {
      broker.LookAll();
      waiters.Look();
    });
    LogInfo("serving", {{"address", (*server)->address()}});
    signal.Wait();
    LogInfo("shutting down");
  }
  broker.Shutdown();
  waiters.Shutdown();
  (*server)->Drain();
  wakes.reset();
  executor.Shutdown();
  return absl::OkStatus();
}

}  // namespace
}  // namespace genwatch

int main(int argc, char** argv) {
  genwatch::ShutdownSignal signal;
  genwatch::SetJobServiceFlagDefaults();
  auto parsed = genwatch::ParseCommandLine(
      argc, argv, {"job_service", "Keeps the ledger of jobs and their queue."});
  if (parsed.ok() && !parsed->print_and_exit.empty()) {
    std::fputs(parsed->print_and_exit.c_str(), stdout);
    return 0;
  }
  auto config = parsed.ok() ? genwatch::JobServiceConfigFromFlags()
                            : absl::StatusOr<genwatch::JobServiceConfig>(parsed.status());
  absl::Status status = config.status();
  if (status.ok()) {
    status = genwatch::InitLogging(genwatch::LogOptionsOf(config->server, "job_service"));
  }
  if (status.ok()) status = genwatch::Run(*config, signal);
  if (!status.ok()) {
    std::fprintf(stderr, "job_service: %s\n", std::string(status.message()).c_str());
  }
  return status.ok() ? 0 : 1;
}
