// Everything odd or faulty that the simulated Ollama can do, each met by a job: its attempts must
// end in the right way, inside their limits, with the right text kept, and the worker must live.

#include <grpcpp/client_context.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/grpc_status.h"
#include "common/identity.h"
#include "job_service/mariadb/value.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/expected_text.h"
#include "tests/chaos/harness/http_get.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"
#include "tests/chaos/scenarios/ollama_fault_table.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr char kOwner[] = "faults";
// All jobs of the table at once.
constexpr int kSlots = 120;
// An attempt ends at its limit, but a busy machine may be late.
constexpr uint32_t kLatenessMs = 8000;
constexpr absl::Duration kAllEnd = absl::Seconds(90);

// An attempt that came to an end of its own: none that was handed over because the model server was
// being looked at, or released because the worker took back its question for jobs just then.
struct EndedAttempt {
  std::string outcome;
  std::string reason;
  std::string instance;
  double leased_ms;  // of the Unix epoch, by MariaDB's clock
  double ended_ms;
};

struct MetFault {
  OllamaFault fault;
  JobPlan plan;
  std::string job_id;
};

void Prepare(grpc::ClientContext& context) {
  context.AddMetadata(kUserMetadataKey, kOwner);
  // An idle channel connects anew, which may take a second try on a busy machine.
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
}

std::string InWords(const std::vector<EndedAttempt>& attempts) {
  std::string words;
  for (const EndedAttempt& attempt : attempts) {
    absl::StrAppend(&words, words.empty() ? "" : "; ", attempt.outcome,
                    attempt.reason.empty() ? "" : " ", attempt.reason);
  }
  return words;
}

class Meeting {
 public:
  Meeting(Run& run, Cluster& cluster)
      : run_(run), cluster_(cluster), client_(cluster.job_address()), ledger_(cluster) {}

  absl::Status Submit(const OllamaFault& fault) {
    MetFault met{.fault = fault};
    met.plan.owner = kOwner;
    met.plan.model = fault.model;
    met.plan.prompt =
        absl::StrFormat("Question %d, about %s. [[sim: %s]]", run_.seed, fault.name, fault.orders);
    v1::SubmitJobRequest request;
    v1::JobSpec& spec = *request.mutable_spec();
    spec.set_model(met.plan.model);
    spec.set_prompt(met.plan.prompt);
    spec.mutable_deadlines()->set_silence_ms(fault.silence_ms);
    spec.mutable_deadlines()->set_running_ms(fault.running_ms);
    if (fault.num_ctx > 0) spec.mutable_options()->set_num_ctx(fault.num_ctx);
    v1::SubmitJobResponse response;
    grpc::ClientContext context;
    Prepare(context);
    const grpc::Status submitted = client_.stub().SubmitJob(&context, request, &response);
    if (!submitted.ok()) return FromGrpcStatus(submitted);
    met.job_id = response.job().job_id();
    met_.push_back(std::move(met));
    return absl::OkStatus();
  }

  absl::Status SubmitAll(const std::vector<OllamaFault>& faults) {
    for (const OllamaFault& fault : faults) {
      if (absl::Status status = Submit(fault); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void AwaitEnd() {
    const auto all = static_cast<int>(met_.size());
    if (absl::Status status = AwaitAllEnded(ledger_, all, kAllEnd); !status.ok()) {
      run_.report.Complain(absl::StrCat(status.message()));
    }
  }

  // True once the simulator writes the answers to the last `count` jobs that were submitted.
  bool AwaitGenerating(size_t count) {
    return Await([&] {
      for (size_t i = met_.size() - count; i < met_.size(); ++i) {
        if (!absl::StrContains(RequestsOf(met_[i]), "\"state\":\"generating\"")) return false;
      }
      return true;
    });
  }

  absl::Status TakeServerDown(absl::Duration time) {
    const std::string url =
        absl::StrCat(cluster_.simulator_url(), "/sim/down?ms=", absl::ToInt64Milliseconds(time));
    return http_.Post(url).status();
  }

  // Complains of what went otherwise than the table says.
  absl::Status Judge() {
    auto rows = ledger_.AllJobs();
    if (!rows.ok()) return rows.status();
    if (absl::Status status = ReadAttempts(); !status.ok()) return status;
    int wrong = 0;
    int injected = 0;
    for (const MetFault& met : met_) {
      if (absl::StrContains(RequestsOf(met), "\"id\":")) ++injected;
      const auto problem = ProblemOf(met, (*rows)[met.job_id]);
      if (!problem.ok()) return problem.status();
      if (problem->empty()) continue;
      ++wrong;
      run_.report.Note(absl::StrCat("wrong: ", met.fault.name, " (", met.job_id, "): ", *problem));
    }
    JudgeWorker();
    run_.report.Injected(injected, static_cast<int>(met_.size()), "faults");
    run_.report.AtMost("ollama_faults_wrong", wrong, 0, "faults");
    return absl::OkStatus();
  }

 private:
  std::string RequestsOf(const MetFault& met) {
    return http_
        .Get(absl::StrCat(cluster_.simulator_url(),
                          "/sim/requests?prompt=", http_.Escape(met.plan.prompt)))
        .value_or("");
  }

  absl::Status ReadAttempts() {
    const auto rows = ledger_.Query(
        "SELECT j.job_id, CAST(COALESCE(a.outcome, 'open') AS CHAR), a.reason, a.instance, "
        "CAST(UNIX_TIMESTAMP(a.leased_at) * 1000 AS DOUBLE), "
        "CAST(COALESCE(UNIX_TIMESTAMP(a.ended_at), 0) * 1000 AS DOUBLE) "
        "FROM ai_generation_attempts a JOIN ai_generation_jobs j ON j.id = a.job "
        "ORDER BY a.job, a.attempt");
    if (!rows.ok()) return rows.status();
    for (const mariadb::Row& row : *rows) {
      mariadb::RowReader cells(row);
      const std::string job_id = cells.Text();
      EndedAttempt attempt;
      attempt.outcome = cells.Text();
      attempt.reason = cells.Text();
      attempt.instance = cells.Text();
      attempt.leased_ms = cells.Double();
      attempt.ended_ms = cells.Double();
      instances_.insert(attempt.instance);
      if (attempt.outcome == "handed_over" || attempt.outcome == "released") {
        ++not_begun_;
      } else {
        attempts_[job_id].push_back(std::move(attempt));
      }
    }
    return absl::OkStatus();
  }

  // Empty if all is as it should be.
  absl::StatusOr<std::string> ProblemOf(const MetFault& met, const JobRow& row) {
    const OllamaFault& fault = met.fault;
    const std::vector<EndedAttempt>& attempts = attempts_[met.job_id];
    const std::string words = InWords(attempts);
    if (words != fault.attempts &&
        (fault.other_attempts.empty() || words != fault.other_attempts)) {
      return absl::StrCat("its attempts are '", words, "', not '", fault.attempts, "'");
    }
    const std::string state = absl::EndsWith(fault.attempts, "completed") ? "completed" : "failed";
    if (row.status != state) return absl::StrCat("it is ", row.status);
    if (std::string problem = TimingProblem(fault, attempts); !problem.empty()) return problem;
    const auto job = Get(met.job_id);
    if (!job.ok()) return job.status();
    if (state == "failed" &&
        (job->reason() != attempts.back().reason || job->error_message().size() < 20)) {
      return absl::StrCat("it says '", job->reason(), "': '", job->error_message(), "'");
    }
    const std::string resumed(
        absl::StripPrefix(v1::ResumeMode_Name(job->resume_mode()), "RESUME_MODE_"));
    if (!fault.resumed.empty() && resumed != fault.resumed) {
      return absl::StrCat("it was ", resumed, ", not ", fault.resumed);
    }
    return TextProblem(met, row);
  }

  static std::string TimingProblem(const OllamaFault& fault,
                                   const std::vector<EndedAttempt>& attempts) {
    const double took_ms = attempts[0].ended_ms - attempts[0].leased_ms;
    if (fault.limit_ms > 0 &&
        (took_ms < fault.limit_ms || took_ms > fault.limit_ms + kLatenessMs)) {
      return absl::StrFormat("its first attempt took %.0f ms", took_ms);
    }
    if (fault.pause_ms == 0) return "";
    const double pause_ms = attempts[1].leased_ms - attempts[0].ended_ms;
    return pause_ms < fault.pause_ms ? absl::StrFormat("it was tried again after %.0f ms", pause_ms)
                                     : "";
  }

  absl::StatusOr<std::string> TextProblem(const MetFault& met, const JobRow& row) {
    const auto expected = AskExpectedText(http_, cluster_.simulator_url(), met.plan);
    if (!expected.ok()) return expected.status();
    const std::string lengths =
        absl::StrCat(row.answer.size(), " and ", row.thinking.size(), " bytes are kept of ",
                     expected->answer.size(), " and ", expected->thinking.size());
    switch (met.fault.text) {
      case KeptText::kAny:
        return "";
      case KeptText::kNone:
        return row.answer.empty() && row.thinking.empty() ? "" : lengths;
      case KeptText::kBeginning:
        return !row.answer.empty() && absl::StartsWith(expected->answer, row.answer) ? "" : lengths;
      case KeptText::kWhole:
        break;
    }
    return row.answer == expected->answer && row.thinking == expected->thinking ? "" : lengths;
  }

  absl::StatusOr<v1::Job> Get(const std::string& job_id) {
    v1::GetJobRequest request;
    request.set_job_id(job_id);
    v1::GetJobResponse response;
    grpc::ClientContext context;
    Prepare(context);
    const grpc::Status got = client_.stub().GetJob(&context, request, &response);
    if (!got.ok()) return FromGrpcStatus(got);
    return response.job();
  }

  void JudgeWorker() {
    ServiceProcess& worker = cluster_.worker(0);
    if (!worker.Running() || worker.lives() != 1) run_.report.Complain("the worker has died");
    if (instances_.size() != 1 || *instances_.begin() != cluster_.worker_instance(0)) {
      run_.report.Complain("not one worker alone ran the jobs");
    }
    const auto held = ledger_.HeldBy(cluster_.worker_instance(0));
    if (!held.ok() || !held->empty()) run_.report.Complain("the worker still holds jobs");
    run_.report.Note(absl::StrCat(not_begun_, " attempts were not begun"));
  }

  Run& run_;
  Cluster& cluster_;
  JobClient client_;
  LedgerReader ledger_;
  HttpGetter http_;
  std::vector<MetFault> met_;
  std::map<std::string, std::vector<EndedAttempt>> attempts_;  // by job_id
  std::set<std::string> instances_;
  int not_begun_ = 0;
};

// The server dies while it answers, and comes back cold.
absl::Status MeetDeath(Meeting& meeting) {
  constexpr size_t kJobs = 3;
  for (size_t i = 0; i < kJobs; ++i) {
    const absl::Status status = meeting.Submit({.name = absl::StrCat("a death of the server, ", i),
                                                .orders = "tokens=100 rate=50",
                                                .attempts = "passing STREAM_BROKEN; completed"});
    if (!status.ok()) return status;
  }
  if (!meeting.AwaitGenerating(kJobs)) return absl::InternalError("nothing is generated");
  if (absl::Status status = meeting.TakeServerDown(absl::Seconds(2)); !status.ok()) return status;
  meeting.AwaitEnd();
  return absl::OkStatus();
}

// What becomes of the connection after an answer is met by the next request on it.
absl::Status MeetClosedConnections(Meeting& meeting) {
  for (const char* const close : {"announced", "silent", "on_reuse"}) {
    for (const char* const orders : {"close=", ""}) {
      const bool closes = *orders != '\0';
      const absl::Status status = meeting.Submit(
          {.name = absl::StrCat(closes ? "a close, " : "the next one after a close, ", close),
           .orders = absl::StrCat("tokens=5 rate=300 ", orders, closes ? close : "")});
      if (!status.ok()) return status;
      meeting.AwaitEnd();
    }
  }
  return absl::OkStatus();
}

// The client leaves, and the model's only slot stays taken.
const OllamaFault kWedge = {
    .name = "a wedged slot",
    .orders = "wedge stall_after=5 fail_first=1 tokens=20 rate=300",
    .attempts = "passing SILENCE_TIMEOUT; passing MODEL_SERVER_WEDGED; completed",
    .model = "sim-single:8b",
    .silence_ms = 1000,
    .limit_ms = 1000};

// More requests at once than the model has slots wait silently.
absl::Status MeetFullModel(Meeting& meeting) {
  for (const char* const name : {"first", "second", "third"}) {
    const absl::Status status =
        meeting.Submit({.name = absl::StrCat("one slot for three, the ", name),
                        .orders = "tokens=60 rate=100",
                        .model = "sim-single:8b"});
    if (!status.ok()) return status;
  }
  meeting.AwaitEnd();
  return absl::OkStatus();
}

absl::Status MeetFaults(Run& run) {
  auto cluster = Cluster::Start(
      {.logs = run.logs,
       .workers = 1,
       .progress_services = 0,
       .slots = kSlots,
       .job_service_flags = {absl::StrCat("--max_failures=", kBudget)},
       .worker_flags = {absl::StrCat("--first_byte_timeout=", kFirstByteTimeoutMs, "ms")},
       .simulator_flags = {"--load_speed=10"}});
  if (!cluster.ok()) return cluster.status();
  Meeting meeting(run, **cluster);
  std::vector<OllamaFault> table = OllamaFaults();
  table.push_back(kWedge);
  if (absl::Status status = meeting.SubmitAll(table); !status.ok()) return status;
  meeting.AwaitEnd();
  for (const auto meet : {MeetDeath, MeetFullModel, MeetClosedConnections}) {
    if (absl::Status status = meet(meeting); !status.ok()) return status;
  }
  // As if nothing had been.
  const absl::Status status =
      meeting.Submit({.name = "nothing odd", .orders = "tokens=20 rate=300"});
  if (!status.ok()) return status;
  meeting.AwaitEnd();
  return meeting.Judge();
}

const RegisterScenario registered({
    .name = "ollama_faults",
    .shows = "whatever a model server does, its job ends in the right way, with the right text "
             "kept, and the worker lives",
    .brief = true,
    .run = MeetFaults,
});

}  // namespace
}  // namespace genwatch::chaos
