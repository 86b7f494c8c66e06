#include "tests/chaos/harness/cluster.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/chaos/harness/free_port.h"
#include "tests/chaos/harness/http_get.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

// Where the programs are is said by the build.
constexpr char kJobService[] = GENWATCH_JOB_SERVICE;
constexpr char kJobServiceFaulty[] = GENWATCH_JOB_SERVICE_FAULTY;
constexpr char kGenerationService[] = GENWATCH_GENERATION_SERVICE;
constexpr char kProgressService[] = GENWATCH_PROGRESS_SERVICE;
constexpr char kSimulator[] = GENWATCH_OLLAMA_SIM;
constexpr char kHttpBridge[] = GENWATCH_HTTP_BRIDGE;

std::string LocalAddress() { return absl::StrCat("127.0.0.1:", FreePort()); }

std::string PortOf(const std::string& address) { return address.substr(address.rfind(':') + 1); }

bool IsPath(const std::string& address) { return absl::StartsWith(address, "/"); }

std::vector<std::string> CommonFlags(const std::string& address, int metrics_port) {
  return {absl::StrCat("--port=", PortOf(address)), absl::StrCat("--metrics_port=", metrics_port),
          "--log_format=json"};
}

void Append(std::vector<std::string>& flags, const std::vector<std::string>& more) {
  flags.insert(flags.end(), more.begin(), more.end());
}

}  // namespace

bool IsReady(const std::string& address) {
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  const auto stub = grpc::health::v1::Health::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(500));
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("readiness");
  grpc::health::v1::HealthCheckResponse response;
  return stub->Check(&context, request, &response).ok() &&
         response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

absl::StatusOr<std::unique_ptr<Cluster>> Cluster::Start(ClusterOptions options) {
  std::unique_ptr<Cluster> cluster(new Cluster(std::move(options)));
  for (const auto step :
       {&Cluster::StartStores, &Cluster::StartSimulators, &Cluster::StartJobServices,
        &Cluster::StartWorkers, &Cluster::StartProgressServices, &Cluster::StartBridges}) {
    if (absl::Status status = (cluster.get()->*step)(); !status.ok()) return status;
  }
  if (absl::Status status = cluster->AwaitReady(); !status.ok()) return status;
  return cluster;
}

Cluster::~Cluster() = default;

absl::Status Cluster::StartStores() {
  auto mariadb = PrivateMariaDb::Create({.environment = options_.mariadb_environment});
  if (!mariadb.ok()) return mariadb.status();
  mariadb_ = *std::move(mariadb);
  auto database = mariadb_->CreateDatabase();
  if (!database.ok()) return database.status();
  database_ = *std::move(database);
  auto redis = PrivateRedis::Create();
  if (!redis.ok()) return redis.status();
  redis_ = *std::move(redis);
  return absl::OkStatus();
}

absl::Status Cluster::StartSimulators() {
  for (int i = 0; i < options_.simulators; ++i) {
    const std::string& address = simulator_addresses_.emplace_back(LocalAddress());
    std::vector<std::string> argv = {kSimulator, absl::StrCat("--port=", PortOf(address)),
                                     absl::StrCat("--num_parallel=", options_.slots)};
    Append(argv, options_.simulator_flags);
    simulators_.push_back(
        std::make_unique<ServiceProcess>(absl::StrCat("ollama_sim_", i), std::move(argv),
                                         std::vector<std::string>{}, options_.logs));
    if (absl::Status status = simulators_.back()->Start(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Cluster::StartJobServices() {
  for (int i = 0; i < options_.job_services; ++i) {
    const std::string& address = job_addresses_.emplace_back(LocalAddress());
    job_metrics_.push_back(FreePort());
    std::vector<std::string> argv = {options_.failpoints ? kJobServiceFaulty : kJobService,
                                     "--mariadb_user=" + PrivateMariaDb::user(),
                                     "--mariadb_database=" + database_, "--dev_identity"};
    const std::string mariadb = Routed(Link::kMariaDb, i, mariadb_->socket_path());
    if (IsPath(mariadb)) {
      argv.push_back("--mariadb_socket=" + mariadb);
    } else {
      argv.push_back("--mariadb_host=" + mariadb.substr(0, mariadb.rfind(':')));
      argv.push_back("--mariadb_port=" + PortOf(mariadb));
    }
    const std::string redis = Routed(Link::kRedis, i, redis_->socket_path());
    argv.push_back(absl::StrCat("--redis=", IsPath(redis) ? "unix:" : "", redis));
    Append(argv, CommonFlags(address, job_metrics_.back()));
    Append(argv, options_.job_service_flags);
    job_services_.push_back(
        std::make_unique<ServiceProcess>(absl::StrCat("job_service_", i), std::move(argv),
                                         std::vector<std::string>{}, options_.logs));
    if (absl::Status status = job_services_.back()->Start(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Cluster::StartWorkers() {
  for (int i = 0; i < options_.workers; ++i) {
    const std::string& address = worker_addresses_.emplace_back(LocalAddress());
    worker_metrics_.push_back(FreePort());
    const std::string& told =
        told_worker_addresses_.emplace_back(Routed(Link::kWorker, i, address));
    const std::string& simulator = simulator_addresses_[i % options_.simulators];
    std::vector<std::string> argv = {
        kGenerationService,
        absl::StrCat("--job_service=", Routed(Link::kJobServiceOfWorker, i, job_address())),
        absl::StrCat("--ollama_url=http://", Routed(Link::kOllama, i, simulator)),
        absl::StrCat("--max_concurrent=", options_.slots), "--advertise=" + told};
    Append(argv, CommonFlags(address, worker_metrics_.back()));
    Append(argv, options_.worker_flags);
    workers_.push_back(std::make_unique<ServiceProcess>(absl::StrCat("worker_", i), std::move(argv),
                                                        std::vector<std::string>{}, options_.logs));
    if (absl::Status status = workers_.back()->Start(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Cluster::StartProgressServices() {
  // Without workers it still wants a flag; it hears of them from the ledger.
  const std::string workers =
      worker_addresses_.empty() ? "127.0.0.1:1" : absl::StrJoin(told_worker_addresses_, ",");
  for (int i = 0; i < options_.progress_services; ++i) {
    const std::string& address = progress_addresses_.emplace_back(LocalAddress());
    progress_metrics_.push_back(FreePort());
    std::vector<std::string> argv = {
        kProgressService,
        absl::StrCat("--job_service=", Routed(Link::kJobServiceOfProgress, i, job_address())),
        absl::StrCat("--generation=", workers), "--noconsole", "--dev_identity"};
    Append(argv, CommonFlags(address, progress_metrics_.back()));
    Append(argv, options_.progress_flags);
    progress_services_.push_back(
        std::make_unique<ServiceProcess>(absl::StrCat("progress_service_", i), std::move(argv),
                                         std::vector<std::string>{}, options_.logs));
    if (absl::Status status = progress_services_.back()->Start(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Cluster::StartBridges() {
  if (options_.bridges > 0 && access(kHttpBridge, X_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no ", kHttpBridge, "; scripts/build.sh bridge makes it"));
  }
  for (int i = 0; i < options_.bridges; ++i) {
    const std::string& address = bridge_addresses_.emplace_back(LocalAddress());
    const std::string progress = options_.bridge_per_replica
                                     ? progress_addresses_[i % progress_addresses_.size()]
                                     : progress_address();
    std::vector<std::string> argv = {kHttpBridge,
                                     "--http_host=127.0.0.1",
                                     absl::StrCat("--http_port=", PortOf(address)),
                                     "--metrics_port=0",
                                     "--log_format=json",
                                     "--dev_user=" + JobPlan().owner,
                                     "--job_service=" + job_address(),
                                     "--progress_service=" + progress};
    Append(argv, options_.bridge_flags);
    bridges_.push_back(std::make_unique<ServiceProcess>(absl::StrCat("http_bridge_", i),
                                                        std::move(argv), std::vector<std::string>{},
                                                        options_.logs));
    if (absl::Status status = bridges_.back()->Start(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string Cluster::Routed(Link link, int user, const std::string& address) const {
  return options_.route ? options_.route(link, user, address) : address;
}

std::string Cluster::job_address() const { return absl::StrJoin(job_addresses_, ","); }
std::string Cluster::progress_address() const { return absl::StrJoin(progress_addresses_, ","); }

std::string Cluster::simulator_url(int i) const {
  return absl::StrCat("http://", simulator_addresses_[i]);
}

std::string Cluster::job_metrics_url(int i) const {
  return absl::StrCat("http://127.0.0.1:", job_metrics_[i], "/metrics");
}

std::string Cluster::worker_metrics_url(int i) const {
  return absl::StrCat("http://127.0.0.1:", worker_metrics_[i], "/metrics");
}

std::string Cluster::progress_metrics_url(int i) const {
  return absl::StrCat("http://127.0.0.1:", progress_metrics_[i], "/metrics");
}

bool Cluster::AllReady() {
  HttpGetter http;
  for (const std::string& address : simulator_addresses_) {
    if (!http.Get(absl::StrCat("http://", address, "/api/version")).ok()) return false;
  }
  for (const std::string& address : bridge_addresses_) {
    if (!http.Get(absl::StrCat("http://", address, "/readyz")).ok()) return false;
  }
  for (const auto* addresses : {&job_addresses_, &worker_addresses_, &progress_addresses_}) {
    for (const std::string& address : *addresses) {
      if (!IsReady(address)) return false;
    }
  }
  return true;
}

absl::Status Cluster::AwaitReady(absl::Duration deadline) {
  std::string ended;
  const bool ready = Await(
      [&] {
        for (const auto* group :
             {&simulators_, &job_services_, &workers_, &progress_services_, &bridges_}) {
          for (const auto& process : *group) {
            if (!process->Running()) ended = process->name();
          }
        }
        return !ended.empty() || AllReady();
      },
      deadline, absl::Milliseconds(50));
  if (!ended.empty()) {
    return absl::InternalError(absl::StrCat(ended, " has ended; its log is in ", options_.logs));
  }
  return ready ? absl::OkStatus()
               : absl::DeadlineExceededError(
                     absl::StrCat("not all are ready; their logs are in ", options_.logs));
}

}  // namespace genwatch::chaos
