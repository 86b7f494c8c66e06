// bench_watch MODE LOGS
//
//   latency     JOBS (50) jobs of 50 chunks a second, one viewer over gRPC each: from the instant
//               that the simulator wrote into each chunk to the instant that it was read here
//   pipeline    more and more such jobs, until the 99th percentile passes 50 ms
//   memory      what VIEWERS (5,000) viewers over gRPC cost progress_service
//   statements  what MariaDB is asked a second while JOBS (1,000) jobs run before VIEWERS (1,000)
//               browsers, and none starts or ends
//
// Each starts the whole system, one replica of each part. JOBS, VIEWERS and SECONDS are set in the
// environment as BENCH_JOBS and so on; BENCH_SHORT=1 makes all small. One JSON object a line on
// stdout. Exit status: 0; 1 when something was lost; 2 for bad usage, 4 when it could not be
// carried out.

#include <grpcpp/client_context.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/clock.h"
#include "common/grpc_status.h"
#include "common/identity.h"
#include "job_service/mariadb/value.h"
#include "tests/bench/watch/grpc_viewers.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/percentile.h"
#include "tests/chaos/harness/sse_watchers.h"
#include "tests/chaos/harness/time_limit.h"
#include "tests/support/await.h"

namespace genwatch::bench {
namespace {

using chaos::Cluster;
using chaos::JobClient;
using chaos::LedgerReader;
using chaos::Percentile;
using chaos::SubmittedJob;

constexpr char kOwner[] = "chaos";
constexpr int kChunksPerSecond = 50;
constexpr int kConnections = 2;
constexpr double kMostAgeMs = 50;
constexpr absl::Duration kPatience = absl::Minutes(1);
// While jobs are leased and their streams begin nothing is measured.
constexpr absl::Duration kWarmUp = absl::Seconds(1);

bool Short() {
  const char* const value = std::getenv("BENCH_SHORT");
  return value != nullptr && std::string_view(value) == "1";
}

// From the environment, else by the form.
int Setting(const char* name, int full, int brief) {
  const char* const value = std::getenv(name);
  int number = 0;
  if (value != nullptr && absl::SimpleAtoi(value, &number) && number > 0) return number;
  return Short() ? brief : full;
}

void Say(std::string_view name, double value, std::string_view unit,
         const std::string& settings = "") {
  std::printf("{\"name\": \"%.*s\", \"value\": %.6g, \"unit\": \"%.*s\"%s}\n",
              static_cast<int>(name.size()), name.data(), value, static_cast<int>(unit.size()),
              unit.data(), settings.c_str());
  std::fflush(stdout);
}

// One replica of each part; the worker has its hands full with so many jobs.
absl::StatusOr<std::unique_ptr<Cluster>> StartSystem(const std::string& logs, int jobs,
                                                     int bridges) {
  return Cluster::Start({.logs = logs,
                         .workers = 1,
                         .bridges = bridges,
                         .slots = std::min(jobs, 1000),
                         .worker_flags = {absl::StrCat("--max_jobs=", jobs)}});
}

// Jobs of the bench model that make so many chunks each. Each has its viewer before the next one is
// submitted, so that nobody comes late, and their chunks come as those of strangers do: not all in
// the same moment.
absl::StatusOr<std::vector<SubmittedJob>> SubmitWatched(Cluster& cluster, GrpcViewers& viewers,
                                                        int jobs, int chunks,
                                                        const std::string& tag) {
  JobClient client(cluster.job_address());
  std::vector<SubmittedJob> submitted;
  for (int i = 0; i < jobs; ++i) {
    grpc::ClientContext context;
    context.AddMetadata(kUserMetadataKey, kOwner);
    context.set_wait_for_ready(true);
    v1::SubmitJobRequest request;
    request.mutable_spec()->set_model("sim-bench:1b");
    request.mutable_spec()->set_prompt(absl::StrCat("bench ", tag, "-", i));
    request.mutable_spec()->mutable_options()->set_num_predict(chunks);
    v1::SubmitJobResponse response;
    const absl::Status status =
        FromGrpcStatus(client.stub().SubmitJob(&context, request, &response));
    if (!status.ok()) return status;
    submitted.push_back({.job_id = response.job().job_id()});
    viewers.Watch(submitted.back().job_id, kOwner);
  }
  return submitted;
}

// How many texts are, byte for byte, the stored ones.
absl::StatusOr<int> Identical(Cluster& cluster, const std::vector<SubmittedJob>& jobs,
                              const std::vector<std::string>& texts) {
  LedgerReader ledger(cluster);
  const auto rows = ledger.AllJobs();
  if (!rows.ok()) return rows.status();
  int identical = 0;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const auto row = rows->find(jobs[i].job_id);
    if (row != rows->end() && row->second.answer == texts[i]) ++identical;
  }
  return identical;
}

absl::StatusOr<bool> Latency(const std::string& logs) {
  const int jobs = Setting("BENCH_JOBS", 50, 10);
  const int chunks = Setting("BENCH_CHUNKS", 500, 100);
  auto cluster = StartSystem(logs, jobs, 0);
  if (!cluster.ok()) return cluster.status();
  GrpcViewers viewers((*cluster)->progress_address(), kConnections);
  const auto submitted = SubmitWatched(**cluster, viewers, jobs, chunks, "latency");
  if (!submitted.ok()) return submitted.status();
  Await([] { return false; }, kWarmUp);
  viewers.TakeAges();
  const absl::Duration patience = kPatience + absl::Seconds(chunks / kChunksPerSecond);
  Await([&] { return viewers.counts().ended == jobs; }, patience, absl::Milliseconds(100));
  const GrpcViewers::Counts counts = viewers.counts();
  const std::vector<double> ages = viewers.TakeAges();
  const auto identical = Identical(**cluster, *submitted, viewers.Texts());
  if (!identical.ok()) return identical.status();
  const std::string settings = absl::StrCat(", \"jobs\": ", jobs, ", \"chunks\": ", chunks);
  Say("latency_chunk_to_grpc_p50_ms", Percentile(ages, 0.5), "ms", settings);
  Say("latency_chunk_to_grpc_p99_ms", Percentile(ages, 0.99), "ms", settings);
  Say("latency_chunk_to_grpc_max_ms", Percentile(ages, 1), "ms", settings);
  Say("latency_grpc_chunks_delivered", static_cast<double>(counts.chunks), "chunks", settings);
  Say("latency_grpc_messages", static_cast<double>(counts.messages), "messages", settings);
  Say("latency_grpc_texts_identical", *identical, "texts", settings);
  return counts.ended == jobs && *identical == jobs && counts.gaps == 0;
}

// One rate: the jobs start, and are looked at for some seconds while all of them run.
struct Step {
  double chunks_per_second = 0;
  double p99_ms = 0;
  bool whole = false;
};

absl::StatusOr<Step> TryRate(Cluster& cluster, int jobs, int number) {
  const absl::Duration settle = absl::Seconds(2);
  const absl::Duration look = absl::Seconds(Setting("BENCH_SECONDS", 5, 2));
  const int chunks =
      static_cast<int>(absl::ToDoubleSeconds(settle + look) * kChunksPerSecond * 1.5);
  GrpcViewers viewers(cluster.progress_address(), kConnections);
  const auto submitted =
      SubmitWatched(cluster, viewers, jobs, chunks, absl::StrCat("rate-", number));
  if (!submitted.ok()) return submitted.status();
  Await([] { return false; }, settle);
  viewers.TakeAges();
  const uint64_t before = viewers.counts().chunks;
  const absl::Duration begun = RealClock()->Monotonic();
  Await([] { return false; }, look);
  const GrpcViewers::Counts counts = viewers.counts();
  const absl::Duration took = RealClock()->Monotonic() - begun;
  const std::vector<double> ages = viewers.TakeAges();
  Step step;
  step.chunks_per_second =
      static_cast<double>(counts.chunks - before) / absl::ToDoubleSeconds(took);
  step.p99_ms = Percentile(ages, 0.99);
  Await([&] { return viewers.counts().ended == jobs; }, kPatience, absl::Milliseconds(100));
  const auto identical = Identical(cluster, *submitted, viewers.Texts());
  if (!identical.ok()) return identical.status();
  step.whole = *identical == jobs && viewers.counts().gaps == 0;
  std::fprintf(stderr, "%d jobs: %.0f chunks/s in %.0f messages/s, p50 %.2f ms, p99 %.2f ms%s\n",
               jobs, step.chunks_per_second,
               static_cast<double>(counts.messages) / absl::ToDoubleSeconds(settle + took),
               Percentile(ages, 0.5), step.p99_ms, step.whole ? "" : ", TEXT IS MISSING");
  return step;
}

absl::StatusOr<bool> Pipeline(const std::string& logs) {
  const int most = Setting("BENCH_JOBS", 700, 60);
  const int first = std::min(100, most / 2);
  const int more = Short() ? 30 : 50;
  auto cluster = StartSystem(logs, most, 0);
  if (!cluster.ok()) return cluster.status();
  Step best;
  bool whole = true;
  int misses = 0;
  for (int jobs = first, number = 0; jobs <= most && misses < 2; jobs += more, ++number) {
    const auto step = TryRate(**cluster, jobs, number);
    if (!step.ok()) return step.status();
    whole = whole && step->whole;
    // Once may be the machine's own doing; what does not keep up falls behind again.
    const bool kept =
        step->p99_ms <= kMostAgeMs && step->chunks_per_second > 0.9 * jobs * kChunksPerSecond;
    misses = kept ? 0 : misses + 1;
    if (kept) best = *step;
  }
  Say("pipeline_chunks_per_s", best.chunks_per_second, "chunks/s");
  Say("pipeline_p99_ms", best.p99_ms, "ms");
  return whole;
}

double RssKb(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    if (!absl::StartsWith(line, "VmRSS:")) continue;
    return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

absl::StatusOr<bool> Memory(const std::string& logs) {
  constexpr int kJobs = 50;
  const int count = Setting("BENCH_VIEWERS", 5000, 500);
  auto started = StartSystem(logs, kJobs, 0);
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  JobClient client(cluster.job_address());
  // They run for as long as it takes.
  const auto jobs = client.SubmitAll(PlanJobs(
      chaos::Random(1), kJobs, {.least_tokens = 400, .most_tokens = 400, .tokens_per_second = 2}));
  if (!jobs.ok()) return jobs.status();
  const pid_t pid = cluster.progress_service().pid();
  GrpcViewers viewers(cluster.progress_address(), 4);
  const auto open = [&](int until) {
    for (int i = viewers.counts().streams; i < until; ++i) {
      viewers.Watch((*jobs)[static_cast<size_t>(i) % jobs->size()].job_id, kOwner);
    }
    return Await([&] { return viewers.counts().begun == until; }, kPatience,
                 absl::Milliseconds(100));
  };
  // What the process needs for any viewers at all is not theirs.
  const int warm = count / 10;
  if (!open(warm)) return absl::DeadlineExceededError("the viewers do not begin");
  Await([] { return false; }, absl::Seconds(5));
  const double before = RssKb(pid);
  if (!open(warm + count)) return absl::DeadlineExceededError("the viewers do not begin");
  Await([] { return false; }, absl::Seconds(5));
  const double after = RssKb(pid);
  Say("grpc_kb_per_watcher", (after - before) / count, "KB",
      absl::StrCat(", \"viewers\": ", count));
  return viewers.counts().broken == 0;
}

// MariaDB's own counters.
absl::StatusOr<std::map<std::string, double>> Counters(LedgerReader& ledger) {
  const auto rows = ledger.Query(
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_select', 'Com_insert', "
      "'Com_update', 'Com_delete', 'Com_begin', 'Com_commit', 'Com_rollback', 'Com_set_option')");
  if (!rows.ok()) return rows.status();
  std::map<std::string, double> counters;
  for (const mariadb::Row& row : *rows) {
    mariadb::RowReader cells(row);
    const std::string name = cells.Text();
    double value = 0;
    if (absl::SimpleAtod(cells.Text(), &value)) counters[name] = value;
  }
  return counters;
}

// By name, a second; the questions of this program are not among them.
absl::StatusOr<std::map<std::string, double>> Rates(LedgerReader& ledger, absl::Duration length) {
  const auto before = Counters(ledger);
  if (!before.ok()) return before.status();
  const absl::Duration begun = RealClock()->Monotonic();
  Await([] { return false; }, length);
  const auto after = Counters(ledger);
  if (!after.ok()) return after.status();
  const double seconds = absl::ToDoubleSeconds(RealClock()->Monotonic() - begun);
  std::map<std::string, double> rates;
  for (const auto& [name, value] : *after) {
    const double own = name == "Questions" ? 1 : 0;
    rates[name] = (value - before->at(name) - own) / seconds;
  }
  return rates;
}

absl::StatusOr<bool> Statements(const std::string& logs) {
  const int count = Setting("BENCH_JOBS", 1000, 100);
  const int viewers = Setting("BENCH_VIEWERS", 1000, 100);
  const absl::Duration look = absl::Seconds(Setting("BENCH_SECONDS", 20, 5));
  auto started = StartSystem(logs, count, 1);
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  JobClient client(cluster.job_address());
  const auto jobs = client.SubmitAll(PlanJobs(
      chaos::Random(1), count, {.least_tokens = 500, .most_tokens = 500, .tokens_per_second = 2}));
  if (!jobs.ok()) return jobs.status();
  LedgerReader ledger(cluster);
  const bool running = Await(
      [&] {
        auto states = ledger.States();
        return states.ok() && (*states)["processing"] == count;
      },
      kPatience, absl::Milliseconds(200));
  if (!running) return absl::DeadlineExceededError("the jobs do not all run");
  // Loading and first tokens are over then.
  Await([] { return false; }, absl::Seconds(3));
  const auto alone = Rates(ledger, look);
  if (!alone.ok()) return alone.status();

  chaos::SseWatchers watchers(cluster.bridge_addresses());
  std::vector<chaos::SseWatchers::Id> ids;
  for (int i = 0; i < viewers; ++i) {
    ids.push_back(watchers.Watch((*jobs)[static_cast<size_t>(i) % jobs->size()].job_id));
  }
  const bool all_see = Await(
      [&] {
        return std::all_of(ids.begin(), ids.end(),
                           [&](auto id) { return watchers.Of(id).events > 0; });
      },
      kPatience, absl::Milliseconds(500));
  if (!all_see) return absl::DeadlineExceededError("not all viewers are shown something");
  Await([] { return false; }, absl::Seconds(3));
  const auto watched = Rates(ledger, look);
  if (!watched.ok()) return watched.status();
  for (const auto& [name, rate] : *watched) {
    std::fprintf(stderr, "%-16s %8.2f/s, %8.2f/s without viewers\n", name.c_str(), rate,
                 alone->at(name));
  }
  const std::string settings = absl::StrCat(", \"jobs\": ", count, ", \"viewers\": ", viewers);
  Say("db_statements_per_s", watched->at("Questions"), "statements/s", settings);
  Say("db_statements_per_s_unwatched", alone->at("Questions"), "statements/s", settings);
  Say("db_reads_per_viewer_s",
      std::max(0.0, watched->at("Com_select") - alone->at("Com_select")) / viewers, "reads/s",
      settings);
  const auto states = ledger.States();
  return states.ok() && states->contains("processing") && states->at("processing") == count;
}

int Main(int argc, char** argv) {
  using Mode = absl::StatusOr<bool> (*)(const std::string&);
  const std::map<std::string, Mode> modes = {{"latency", &Latency},
                                             {"pipeline", &Pipeline},
                                             {"memory", &Memory},
                                             {"statements", &Statements}};
  const auto mode = argc == 3 ? modes.find(argv[1]) : modes.end();
  if (mode == modes.end()) {
    std::fprintf(stderr, "usage: bench_watch latency|pipeline|memory|statements LOGS\n");
    return 2;
  }
  const chaos::TimeLimit limit("bench_watch", absl::Minutes(9));
  const absl::StatusOr<bool> good = mode->second(argv[2]);
  if (!good.ok()) {
    std::fprintf(stderr, "bench_watch: %s\n", good.status().ToString().c_str());
    return 4;
  }
  if (!*good) std::fprintf(stderr, "bench_watch: something was lost\n");
  return *good ? 0 : 1;
}

}  // namespace
}  // namespace genwatch::bench

int main(int argc, char** argv) { return genwatch::bench::Main(argc, argv); }
