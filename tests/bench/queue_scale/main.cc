// bench_queue_scale LOGS [SMALL LARGE SAMPLES]
//
// How much slower a submit, a lease and a look at a position are with LARGE (1,000,000) waiting
// jobs than with SMALL (1,000). The jobs are put into the ledger by SQL; an emptied Redis is filled
// from there by the reconciler. Then SAMPLES (2,500) of each are made in turn, one at a time, from
// this process to a job_service of its own, in five rounds; the median of the rounds' quantiles
// counts.
//
// One JSON object a line on stdout. Exit status: 0; 1 when a ratio is above 3; 2 for bad usage, 4
// when it could not be carried out.

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"
#include "common/periodic.h"
#include "common/status.h"
#include "genwatch/v1/job_feed_service.grpc.pb.h"
#include "genwatch/v1/job_lease_service.grpc.pb.h"
#include "genwatch/v1/job_service.grpc.pb.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/support/await.h"

namespace genwatch::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kMostRatio = 3;
constexpr int kOwners = 1000;
constexpr int kModels = 4;
constexpr int kPage = 1000;
constexpr int kRounds = 5;
constexpr char kInstance[] = "w_0123456789abcdef";

double MillisSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// "<model>" of the n-th job; the first model has most of them.
std::string ModelOf(int n) { return absl::StrCat("bench", n % 8 < 5 ? 0 : n % kModels); }

// Times of one kind of call, ms.
struct Times {
  std::vector<double> ms;

  double Quantile(double q) const {
    std::vector<double> sorted = ms;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
  }
};

class Bench {
 public:
  Bench(std::string logs, int samples) : logs_(std::move(logs)), samples_(samples) {}

  absl::Status Start() {
    auto cluster = chaos::Cluster::Start(
        {.logs = logs_, .workers = 0, .progress_services = 0, .simulators = 0});
    if (!cluster.ok()) return cluster.status();
    cluster_ = *std::move(cluster);
    // As a server of that size has; the tests' own is made small.
    if (auto set = Sql("SET GLOBAL innodb_buffer_pool_size = 1 << 30; "
                       "SET GLOBAL innodb_log_file_size = 1 << 28");
        !set.ok()) {
      return set.status();
    }
    const auto channel = chaos::ChannelTo(cluster_->job_address());
    jobs_ = v1::JobService::NewStub(channel);
    leases_ = v1::JobLeaseService::NewStub(channel);
    feed_ = v1::JobFeedService::NewStub(channel);
    worker_.set_instance(kInstance);
    worker_.set_address("127.0.0.1:1");
    worker_.set_server_url("http://127.0.0.1:1");
    beat_ = std::make_unique<Periodic>(
        "beat", absl::Seconds(1), [this] { Beat(); }, Periodic::FirstRun::kAtOnce);
    return absl::OkStatus();
  }

  // Waiting jobs in the ledger, `count` of them in all; then Redis is emptied. Prints how long the
  // refill took.
  absl::Status Fill(int count) {
    const Clock::time_point start = Clock::now();
    constexpr int kStep = 50'000;
    while (loaded_ < count) {
      const int end = std::min(count, loaded_ + kStep);
      // Random ids as real ones are, and owners and models in a mix that differs from row to row.
      auto inserted = Sql(absl::Substitute(
          "INSERT INTO ai_generation_jobs (job_id, owner_id, spec_hash, status, version, model, "
          "prompt, spec, priority, max_failures, created_at, updated_at) "
          "SELECT CONCAT('job_', MD5(seq)), CONCAT('owner', seq * 7919 % $2), '', 'queued', 1, "
          "CONCAT('bench', IF(seq % 8 < 5, 0, seq % $3)), 'Write a haiku about rain.', '', "
          "2, 3, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_$0_to_$1",
          loaded_ + 1, end, kOwners, kModels));
      if (!inserted.ok()) return inserted.status();
      loaded_ = end;
    }
    std::fprintf(stderr, "%d jobs in the ledger (%.1f s)\n", count, MillisSince(start) / 1000);

    absl::StatusOr<std::string> ids =
        Sql(absl::StrCat("SELECT job_id FROM ai_generation_jobs WHERE status = 'queued' AND id % ",
                         std::max(1, count / 20'000), " = 0"));
    if (!ids.ok()) return ids.status();
    ids_ = absl::StrSplit(*ids, '\n', absl::SkipEmpty());

    if (absl::Status wiped = cluster_->redis().Wipe(); !wiped.ok()) return wiped;
    const Clock::time_point empty = Clock::now();
    const bool filled = Await(
        [&] {
          auto rebuilt = cluster_->redis().Command({"EXISTS", "gw:rebuilt"});
          return rebuilt.ok() && *rebuilt == "1";
        },
        absl::Minutes(5));
    if (!filled) return absl::DeadlineExceededError("the queue was not filled in 5 minutes");
    const double seconds = MillisSince(empty) / 1000;
    auto jobs = cluster_->redis().Command({"HLEN", "gw:job"});
    auto memory = cluster_->redis().Command({"INFO", "memory"});
    double bytes = 0;
    for (absl::string_view line : absl::StrSplit(memory.value_or(""), '\n')) {
      line = absl::StripAsciiWhitespace(line);
      if (absl::ConsumePrefix(&line, "used_memory:") && !absl::SimpleAtod(line, &bytes)) bytes = 0;
    }
    if (!jobs.ok() || *jobs != absl::StrCat(Waiting())) {
      return absl::InternalError(
          absl::StrCat("the queue has ", jobs.value_or("?"), " jobs, not ", Waiting()));
    }
    std::printf("{\"name\": \"queue_refill_s\", \"value\": %.2f, \"unit\": \"s\", \"jobs\": %d}\n",
                seconds, count);
    std::printf(
        "{\"name\": \"queue_redis_bytes_per_job\", \"value\": %.0f, \"unit\": \"bytes\", "
        "\"jobs\": %d}\n",
        bytes / count, count);
    return absl::OkStatus();
  }

  // One of each in turn, so that a busy moment of the machine meets all.
  absl::StatusOr<std::map<std::string, Times>> Measure() {
    std::map<std::string, Times> times;
    for (int i = 0; i < samples_ / kRounds; ++i) {
      const auto timed = [&](const std::string& what, const std::function<absl::Status()>& call) {
        const Clock::time_point start = Clock::now();
        absl::Status status = call();
        times[what].ms.push_back(MillisSince(start));
        return status;
      };
      if (auto s = timed("submit", [&] { return Submit(i); }); !s.ok()) return s;
      if (auto s = timed("position", [&] { return Positions(1); }); !s.ok()) return s;
      v1::LeasedJob leased;
      if (auto s = timed("lease", [&] { return Lease(leased); }); !s.ok()) return s;
      if (auto s = Finish(leased); !s.ok()) return s;
      if (i % 20 == 0) {
        if (auto s = timed("positions_of_1000", [&] { return Positions(kPage); }); !s.ok())
          return s;
        if (auto s = timed("queue", [&] { return Queue(); }); !s.ok()) return s;
      }
    }
    return times;
  }

 private:
  absl::StatusOr<std::string> Sql(const std::string& sql) {
    return cluster_->mariadb().Execute(cluster_->database(), sql);
  }

  std::string Waiting() {
    return std::string(absl::StripAsciiWhitespace(
        Sql("SELECT COUNT(*) FROM ai_generation_jobs WHERE status = 'queued'").value_or("?")));
  }

  static void SetUp(grpc::ClientContext& context, const std::string& user = "") {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (!user.empty()) context.AddMetadata("x-genwatch-user", user);
  }

  static absl::Status ToStatus(const grpc::Status& status, std::string_view what) {
    if (status.ok()) return absl::OkStatus();
    return absl::UnknownError(
        absl::StrCat(std::string(what), ": ", status.error_code(), " ", status.error_message()));
  }

  void Beat() {
    grpc::ClientContext context;
    SetUp(context);
    v1::HeartbeatRequest request;
    *request.mutable_worker() = worker_;
    request.set_number(++beats_);
    v1::HeartbeatResponse response;
    const grpc::Status status = leases_->Heartbeat(&context, request, &response);
    if (!status.ok()) std::fprintf(stderr, "heartbeat: %s\n", status.error_message().c_str());
  }

  absl::Status Submit(int i) {
    grpc::ClientContext context;
    SetUp(context, absl::StrCat("owner", i % kOwners));
    v1::SubmitJobRequest request;
    request.mutable_spec()->set_prompt("Write a haiku about rain.");
    request.mutable_spec()->set_model(ModelOf(i));
    v1::SubmitJobResponse response;
    absl::Status status = ToStatus(jobs_->SubmitJob(&context, request, &response), "SubmitJob");
    // The first ones are leased away in the smaller run.
    if (status.ok()) ids_.push_back(response.job().job_id());
    return status;
  }

  absl::Status Lease(v1::LeasedJob& leased) {
    grpc::ClientContext context;
    SetUp(context);
    v1::LeaseJobsRequest request;
    *request.mutable_worker() = worker_;
    request.set_heartbeat_number(beats_);
    request.set_max_jobs(1);
    request.set_wait_ms(5000);
    for (int m = 0; m < kModels; ++m) {
      v1::ModelSlots& slots = *request.add_models();
      slots.set_model(absl::StrCat("bench", m));
      slots.set_limit(1000);
      slots.set_free(1);
      slots.set_loaded(true);
    }
    v1::LeaseJobsResponse response;
    absl::Status status = ToStatus(leases_->LeaseJobs(&context, request, &response), "LeaseJobs");
    if (!status.ok()) return status;
    if (response.jobs().empty()) return absl::NotFoundError("nothing was leased");
    leased = response.jobs(0);
    return absl::OkStatus();
  }

  absl::Status Finish(const v1::LeasedJob& leased) {
    grpc::ClientContext context;
    SetUp(context);
    v1::FinishAttemptRequest request;
    request.set_instance(kInstance);
    request.set_job_id(leased.job_id());
    request.set_version(leased.version());
    request.set_outcome(v1::OUTCOME_COMPLETED);
    v1::FinishAttemptResponse response;
    return ToStatus(leases_->FinishAttempt(&context, request, &response), "FinishAttempt");
  }

  absl::Status Positions(int count) {
    grpc::ClientContext context;
    SetUp(context);
    v1::GetJobStatesRequest request;
    for (int i = 0; i < count; ++i) {
      v1::JobQuery& query = *request.add_jobs();
      query.set_job_id(ids_[random_() % ids_.size()]);
      query.set_known_version(1);
    }
    v1::GetJobStatesResponse response;
    absl::Status status =
        ToStatus(feed_->GetJobStates(&context, request, &response), "GetJobStates");
    if (!status.ok()) return status;
    int placed = 0;
    for (const v1::JobStateEntry& entry : response.jobs()) {
      placed += entry.progress().queue_position() > 0 ? 1 : 0;
    }
    // Some of them have been leased meanwhile; many waiting ones tell their places.
    if (count > 1 && placed == 0) return absl::InternalError("no position is known");
    return absl::OkStatus();
  }

  absl::Status Queue() {
    grpc::ClientContext context;
    SetUp(context, "owner1");
    v1::GetQueueRequest request;
    request.set_model("bench0");
    v1::GetQueueResponse response;
    return ToStatus(jobs_->GetQueue(&context, request, &response), "GetQueue");
  }

  const std::string logs_;
  const int samples_;
  std::unique_ptr<chaos::Cluster> cluster_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::JobLeaseService::Stub> leases_;
  std::unique_ptr<v1::JobFeedService::Stub> feed_;
  v1::Worker worker_;
  std::atomic<uint32_t> beats_ = 0;
  int loaded_ = 0;
  std::vector<std::string> ids_;
  std::mt19937 random_{1};
  // Last, so that it ends first.
  std::unique_ptr<Periodic> beat_;
};

// The median of the rounds' quantiles.
double OverRounds(const std::vector<std::map<std::string, Times>>& rounds, const std::string& what,
                  double quantile) {
  std::vector<double> values;
  for (const auto& round : rounds) values.push_back(round.at(what).Quantile(quantile));
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

absl::StatusOr<bool> Run(const std::string& logs, int small, int large, int samples) {
  Bench bench(logs, samples);
  if (absl::Status status = bench.Start(); !status.ok()) return status;
  std::vector<std::map<std::string, Times>> at[2];
  for (int i = 0; i < 2; ++i) {
    if (absl::Status status = bench.Fill(i == 0 ? small : large); !status.ok()) return status;
    // The first round does not count: the first calls are slower whatever the queue is.
    for (int round = 0; round <= kRounds; ++round) {
      auto times = bench.Measure();
      if (!times.ok()) return times.status();
      if (round > 0) at[i].push_back(*std::move(times));
    }
  }
  double worst = 0;
  for (const auto& [what, times] : at[1].front()) {
    for (const double q : {0.5, 0.99}) {
      const double before = OverRounds(at[0], what, q);
      const double after = OverRounds(at[1], what, q);
      // The 100th part of few samples is one of them, so of these only the median counts.
      // An operator's view of the queue is told, and is not what each job needs.
      const bool counts = what != "queue" && (q < 0.9 || times.ms.size() >= 100);
      if (counts) worst = std::max(worst, after / before);
      std::printf(
          "{\"name\": \"queue_scale_%s_p%d_ms\", \"value\": %.3f, \"unit\": \"ms\", \"jobs\": %d, "
          "\"at_%d\": %.3f, \"ratio\": %.2f}\n",
          what.c_str(), q < 0.9 ? 50 : 99, after, large, small, before, after / before);
    }
  }
  std::printf(
      "{\"name\": \"queue_scale_ratio\", \"value\": %.2f, \"unit\": \"\", \"limit\": %.0f, "
      "\"ok\": %s, \"jobs\": %d, \"against\": %d}\n",
      worst, kMostRatio, worst <= kMostRatio ? "true" : "false", large, small);
  return worst <= kMostRatio;
}

bool Number(const char* text, int& number) {
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  return error == std::errc() && *end == '\0' && number > 0;
}

int Main(int argc, char** argv) {
  int small = 1000;
  int large = 1'000'000;
  int samples = 2500;
  if ((argc != 2 && argc != 5) ||
      (argc == 5 && (!Number(argv[2], small) || !Number(argv[3], large) ||
                     !Number(argv[4], samples) || small > large))) {
    std::fprintf(stderr, "usage: bench_queue_scale LOGS [SMALL LARGE SAMPLES]\n");
    return 2;
  }
  setvbuf(stdout, nullptr, _IOLBF, 0);
  absl::StatusOr<bool> kept = Run(argv[1], small, large, samples);
  if (!kept.ok()) {
    std::fprintf(stderr, "bench_queue_scale: %s\n", kept.status().ToString().c_str());
    return 4;
  }
  return *kept ? 0 : 1;
}

}  // namespace
}  // namespace genwatch::bench

int main(int argc, char** argv) { return genwatch::bench::Main(argc, argv); }
