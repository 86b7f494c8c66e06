#ifndef GENWATCH_TESTS_CHAOS_HARNESS_CLUSTER_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_CLUSTER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/chaos/harness/service_process.h"
#include "tests/support/private_mariadb.h"
#include "tests/support/private_redis.h"

namespace genwatch::chaos {

// Who speaks to whom; the links that a fault proxy can stand in.
enum class Link {
  kMariaDb,               // job_service `user` to MariaDB: the path of a unix socket
  kRedis,                 // job_service `user` to Redis: the path of a unix socket
  kOllama,                // worker `user` to its simulator
  kJobServiceOfWorker,    // worker `user` to job_service
  kJobServiceOfProgress,  // progress_service `user` to job_service
  kWorker  // whoever speaks to worker `user`: progress_services, and job_services that stop a job
};

struct ClusterOptions {
  // An existing folder.
  std::string logs;
  int job_services = 1;
  int workers = 2;
  int progress_services = 1;
  // http_bridges, whose everybody is the user of JobPlan's default owner.
  int bridges = 0;
  // Bridge k speaks to progress_service k modulo their number only; else each to all of them.
  bool bridge_per_replica = false;
  // Worker k uses simulator k modulo this.
  int simulators = 1;
  // Jobs of one model at once on a simulator, all its workers together.
  int slots = 8;

  // More flags.
  std::vector<std::string> job_service_flags;
  std::vector<std::string> worker_flags;
  std::vector<std::string> progress_flags;
  std::vector<std::string> bridge_flags;
  std::vector<std::string> simulator_flags;
  // "NAME=value", for MariaDB's process.
  std::vector<std::string> mariadb_environment;
  // job_service_faulty in place of job_service: failpoints can be armed in it (common/failpoint.h).
  bool failpoints = false;

  // Called for each link of each user, before the user starts, with the real address ("host:port",
  // or a path of a unix socket; several host:port with commas between where there are several
  // job_services). What it returns, of either form, is used instead. Null: all links are direct.
  std::function<std::string(Link link, int user, const std::string& address)> route;
};

// The whole system as real processes on free loopback ports and unix sockets: a MariaDB, a Redis
// (append-only file, synced each second), Ollama simulators, job_services, workers
// (generation_services), progress_services, and http_bridges where they are wanted. All of it ends
// with the object. Not thread-safe.
class Cluster {
 public:
  // Started, and all are ready.
  static absl::StatusOr<std::unique_ptr<Cluster>> Start(ClusterOptions options);
  ~Cluster();

  PrivateMariaDb& mariadb() { return *mariadb_; }
  PrivateRedis& redis() { return *redis_; }
  const std::string& database() const { return database_; }

  ServiceProcess& job_service(int i = 0) { return *job_services_[i]; }
  ServiceProcess& worker(int i) { return *workers_[i]; }
  ServiceProcess& progress_service(int i = 0) { return *progress_services_[i]; }
  ServiceProcess& bridge(int i = 0) { return *bridges_[i]; }
  ServiceProcess& simulator(int i = 0) { return *simulators_[i]; }
  int job_services() const { return static_cast<int>(job_services_.size()); }
  int workers() const { return static_cast<int>(workers_.size()); }
  int progress_services() const { return static_cast<int>(progress_services_.size()); }
  int bridges() const { return static_cast<int>(bridges_.size()); }
  int simulators() const { return static_cast<int>(simulators_.size()); }

  // Direct, whatever the route: host:port, several with commas between.
  std::string job_address() const;
  std::string progress_address() const;
  const std::string& progress_address(int i) const { return progress_addresses_[i]; }
  const std::string& worker_address(int i) const { return worker_addresses_[i]; }
  // host:port of each.
  const std::vector<std::string>& bridge_addresses() const { return bridge_addresses_; }
  std::string simulator_url(int i = 0) const;
  // Of Prometheus.
  std::string job_metrics_url(int i = 0) const;
  std::string worker_metrics_url(int i) const;
  std::string progress_metrics_url(int i = 0) const;

  // The instance that the worker's newest life goes by; empty until it says so.
  std::string worker_instance(int i) const { return workers_[i]->LoggedField("instance"); }

  // All our programs run and say that they are ready.
  absl::Status AwaitReady(absl::Duration deadline = absl::Seconds(60));

 private:
  explicit Cluster(ClusterOptions options) : options_(std::move(options)) {}

  absl::Status StartStores();
  absl::Status StartSimulators();
  absl::Status StartJobServices();
  absl::Status StartWorkers();
  absl::Status StartProgressServices();
  absl::Status StartBridges();
  std::string Routed(Link link, int user, const std::string& address) const;
  bool AllReady();

  const ClusterOptions options_;
  std::unique_ptr<PrivateMariaDb> mariadb_;
  std::unique_ptr<PrivateRedis> redis_;
  std::string database_;
  // host:port, and metrics ports, by index.
  std::vector<std::string> simulator_addresses_;
  std::vector<std::string> job_addresses_;
  std::vector<std::string> worker_addresses_;
  std::vector<std::string> told_worker_addresses_;  // as others are told
  std::vector<std::string> progress_addresses_;
  std::vector<std::string> bridge_addresses_;
  std::vector<int> job_metrics_;
  std::vector<int> worker_metrics_;
  std::vector<int> progress_metrics_;
  // Last, so that they end first.
  std::vector<std::unique_ptr<ServiceProcess>> simulators_;
  std::vector<std::unique_ptr<ServiceProcess>> job_services_;
  std::vector<std::unique_ptr<ServiceProcess>> workers_;
  std::vector<std::unique_ptr<ServiceProcess>> progress_services_;
  std::vector<std::unique_ptr<ServiceProcess>> bridges_;
};

// As the services' own health service has it, within half a second.
bool IsReady(const std::string& address);

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_CLUSTER_H_
