// Cursors of every kind are handed to both tiers: each is answered as docs/cursor.md says, at once.

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/clock.h"
#include "common/grpc_status.h"
#include "common/identity.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/expected_text.h"
#include "tests/chaos/harness/job_client.h"
#include "tests/chaos/harness/job_watcher.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/shown_job.h"
#include "tests/chaos/harness/sse_watchers.h"
#include "tests/chaos/proxy/tcp_proxy.h"
#include "tests/support/await.h"

namespace genwatch::chaos {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);
// A second, and what a busy machine adds; the short form is run beside other tests.
constexpr absl::Duration kMostSilence = absl::Milliseconds(1250);
constexpr absl::Duration kMostSilenceInBrief = absl::Seconds(6);
// Bytes of text that the next attempt goes on from.
constexpr size_t kGoneOnWith = 80;
// With less it starts over.
constexpr size_t kShortText = 32;
// The replica behind, of two.
constexpr int kLagging = 1;

// The fields of a cursor: c1, hash, version, sequence, text version, answer, thinking, mark.
struct Fields {
  explicit Fields(const std::string& cursor) : all(absl::StrSplit(cursor, '.')) { all.resize(8); }
  std::string& version() { return all[2]; }
  std::string& answer() { return all[5]; }
  std::string Text() const {
    return absl::StrCat(absl::StrJoin(all.begin(), all.begin() + 7, "."),
                        all[7].empty() ? "" : "." + all[7]);
  }
  std::vector<std::string> all;
};

struct Expected {
  // Of the resets; empty: none.
  std::set<std::string> reasons;
  // OK, or what the call ends with. Over SSE: an `error` event, or only closed streams.
  absl::StatusCode code = absl::StatusCode::kOk;
  // To the terminal state; else to some more text.
  bool to_the_end = false;
  // Over SSE: 204.
  bool nothing_left = false;
};

struct Case {
  std::string name;
  std::string job_id;
  std::string cursor;
  // What the client has of the answer, and all that the job will ever say.
  std::string held;
  std::string whole;
  Expected expected;
};

// What a client made of the answers.
struct Heard {
  absl::StatusCode code = absl::StatusCode::kOk;
  absl::Duration silence;
  std::set<std::string> reasons;
  std::string answer;
  bool shown = false;  // a snapshot, or an event
  bool ended = false;
  int status = 200;
  Breaches breaches;
};

class Matrix {
 public:
  Matrix(Run& run, Cluster& cluster)
      : run_(run), cluster_(cluster), client_(cluster.job_address()) {
    for (int i = 0; i < cluster.progress_services(); ++i) {
      stubs_.push_back(v1::ProgressService::NewStub(ChannelTo(cluster.progress_address(i))));
      sse_.push_back(std::make_unique<SseWatchers>(
          std::vector<std::string>{cluster.bridge_addresses()[static_cast<size_t>(i)]}));
    }
  }

  // Both tiers, by the given replica.
  void Try(const Case& one, int replica) {
    Judge(one, "gRPC", HearGrpc(one, replica));
    Judge(one, "SSE", HearSse(one, replica));
  }

  absl::StatusOr<SubmittedJob> Submit(const std::string& model, const std::string& orders) {
    const std::string tag = absl::StrCat(++submits_);
    auto jobs =
        client_.SubmitAll({{.model = model,
                            .prompt = absl::StrCat("Matrix ", tag, " [[sim: ", orders, "]]"),
                            .request_id = "matrix-" + tag}});
    if (!jobs.ok()) return jobs.status();
    return (*jobs)[0];
  }

  absl::StatusOr<std::string> Whole(const SubmittedJob& job) {
    const auto text = AskExpectedText(http_, cluster_.simulator_url(), job.plan);
    if (!text.ok()) return text.status();
    return text->answer;
  }

  // What a watcher of the first replica has once it satisfies `enough`.
  absl::StatusOr<Seen> SeenOnce(const SubmittedJob& job,
                                const std::function<bool(const Seen&)>& enough,
                                absl::Duration patience = kPatience) {
    const JobWatcher watcher(cluster_.progress_address(0), {job});
    Seen seen;
    if (Await([&] { return enough(seen = watcher.Of(job.job_id)); }, patience)) return seen;
    return absl::DeadlineExceededError(job.job_id + " does not get on");
  }

  absl::Status Pause(const SubmittedJob& job) {
    v1::PauseJobRequest request;
    request.set_job_id(job.job_id);
    v1::PauseJobResponse response;
    return Order([&](grpc::ClientContext* context) {
      return client_.stub().PauseJob(context, request, &response);
    });
  }
  absl::Status Resume(const SubmittedJob& job) {
    v1::ResumeJobRequest request;
    request.set_job_id(job.job_id);
    v1::ResumeJobResponse response;
    return Order([&](grpc::ClientContext* context) {
      return client_.stub().ResumeJob(context, request, &response);
    });
  }

  int wrong() const { return wrong_; }
  int tried() const { return tried_; }
  double longest_silence_s() const { return absl::ToDoubleSeconds(longest_silence_); }

 private:
  template <class Call>
  absl::Status Order(Call call) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    context.AddMetadata(kUserMetadataKey, JobPlan().owner);
    return FromGrpcStatus(call(&context));
  }

  static bool Enough(const Case& one, const Heard& heard) {
    if (heard.ended || one.expected.to_the_end) return heard.ended;
    return heard.shown &&
           heard.answer.size() > (one.expected.reasons.empty() ? one.held.size() : 0);
  }

  Heard HearGrpc(const Case& one, int replica) {
    Heard heard;
    ShownJob shown;
    shown.job_id = one.job_id;
    shown.TakePiece(false, 0, one.held, heard.breaches);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(kPatience));
    context.AddMetadata(kUserMetadataKey, JobPlan().owner);
    v1::WatchProgressRequest request;
    request.add_targets()->set_job_id(one.job_id);
    request.mutable_targets(0)->set_cursor(one.cursor);
    request.set_text(true);
    const absl::Duration start = RealClock()->Monotonic();
    const auto stream = stubs_[static_cast<size_t>(replica)]->WatchProgress(&context, request);
    v1::WatchProgressResponse response;
    bool enough = false;
    while (!enough && stream->Read(&response)) {
      for (const v1::JobUpdate& update : response.updates()) {
        if (!heard.shown) heard.silence = RealClock()->Monotonic() - start;
        heard.shown = true;
        if (update.has_progress()) {
          shown.TakeOrder(update.progress().version(), update.progress().sequence(),
                          heard.breaches);
        }
        for (const v1::TextReset& reset : update.resets()) {
          heard.reasons.insert(reset.reason());
          shown.TakeReset(reset.channel() == v1::CHANNEL_THINKING, reset.offset(), heard.breaches);
        }
        for (const v1::TextPiece& piece : update.pieces()) {
          shown.TakePiece(piece.channel() == v1::CHANNEL_THINKING, piece.offset(), piece.text(),
                          heard.breaches);
        }
        heard.ended |= update.terminal();
      }
      heard.answer = shown.answer();
      enough = !heard.ended && Enough(one, heard);
    }
    if (!heard.shown) heard.silence = RealClock()->Monotonic() - start;
    if (enough) context.TryCancel();
    const absl::Status status = FromGrpcStatus(stream->Finish());
    if (!enough) heard.code = status.code();
    return heard;
  }

  Heard HearSse(const Case& one, int replica) {
    SseWatchers& watchers = *sse_[static_cast<size_t>(replica)];
    const SseWatchers::Id id = watchers.Watch(one.job_id, one.cursor, one.held);
    const bool unavailable = one.expected.code == absl::StatusCode::kUnavailable;
    SseWatchers::Seen seen;
    Heard heard;
    Await(
        [&] {
          seen = watchers.Of(id);
          heard.shown = seen.events > 0;
          heard.ended = seen.ended;
          const auto job = seen.jobs.find(one.job_id);
          if (job != seen.jobs.end()) heard.answer = job->second.answer();
          // Closed, so that the client tries elsewhere.
          if (unavailable && seen.streams > 0) return true;
          return Enough(one, heard);
        },
        kPatience);
    watchers.Forget(id);
    heard.silence = seen.longest_mute;
    heard.reasons = {seen.resets.begin(), seen.resets.end()};
    heard.breaches = seen.breaches;
    heard.status = seen.status;
    if (!seen.refusal.empty()) heard.code = absl::StatusCode::kNotFound;
    if (!heard.shown && seen.streams > 0) heard.code = absl::StatusCode::kUnavailable;
    return heard;
  }

  void Judge(const Case& one, const std::string& tier, const Heard& heard) {
    ++tried_;
    longest_silence_ = std::max(longest_silence_, heard.silence);
    std::vector<std::string> faults;
    const absl::Duration most = run_.Size(kMostSilence, kMostSilenceInBrief);
    if (heard.silence > most) {
      faults.push_back(absl::StrCat("silent for ", absl::FormatDuration(heard.silence)));
    }
    if (heard.code != one.expected.code) {
      faults.push_back(absl::StrCat("ends with ", absl::StatusCodeToString(heard.code)));
    }
    const bool answered = one.expected.code == absl::StatusCode::kOk;
    const bool nothing = tier == "SSE" && one.expected.nothing_left;
    if (nothing && heard.status != 204) {
      faults.push_back(absl::StrCat("has status ", heard.status));
    }
    if (answered && heard.reasons != one.expected.reasons) {
      faults.push_back(absl::StrCat("has resets ", absl::StrJoin(heard.reasons, ", ")));
    }
    if (heard.breaches.all() > 0) {
      faults.push_back(absl::StrJoin(heard.breaches.words, ", "));
    }
    if (answered && !nothing && !heard.shown) faults.push_back("is shown nothing");
    if (answered && heard.ended != one.expected.to_the_end) {
      faults.push_back(heard.ended ? "ends" : "does not end");
    }
    const bool whole = one.expected.to_the_end && !nothing;
    if (answered && (whole ? heard.answer != one.whole
                           : one.whole.compare(0, heard.answer.size(), heard.answer) != 0)) {
      faults.push_back("has another text");
    }
    if (answered && !one.expected.to_the_end && !Enough(one, heard)) {
      faults.push_back("gets no further text");
    }
    if (faults.empty()) return;
    ++wrong_;
    run_.report.Note(absl::StrCat(one.name, " over ", tier, ", ", one.cursor, ": ",
                                  absl::StrJoin(faults, "; ")));
  }

  Run& run_;
  Cluster& cluster_;
  JobClient client_;
  HttpGetter http_;
  std::vector<std::unique_ptr<v1::ProgressService::Stub>> stubs_;
  std::vector<std::unique_ptr<SseWatchers>> sse_;
  int submits_ = 0;
  int tried_ = 0;
  int wrong_ = 0;
  absl::Duration longest_silence_;
};

// Of a job that runs, and of it when it has ended.
absl::Status RunningAndEnded(Matrix& matrix, int replica) {
  const auto job = matrix.Submit("sim-fast:1b", "tokens=160 rate=20");
  if (!job.ok()) return job.status();
  const auto other = matrix.Submit("sim-fast:1b", "tokens=10 rate=100");
  if (!other.ok()) return other.status();
  const auto whole = matrix.Whole(*job);
  if (!whole.ok()) return whole.status();
  const auto seen = matrix.SeenOnce(*job, [](const Seen& s) { return s.answer.size() > 40; });
  if (!seen.ok()) return seen.status();
  const auto of_other = matrix.SeenOnce(*other, [](const Seen& s) { return s.terminal; });
  if (!of_other.ok()) return of_other.status();
  Case one = {.job_id = job->job_id, .whole = *whole};
  const auto try_as = [&](const std::string& name, const std::string& cursor,
                          const std::string& held, const Expected& expected) {
    one.name = name;
    one.cursor = cursor;
    one.held = held;
    one.expected = expected;
    matrix.Try(one, replica);
  };
  const Expected invalid = {.reasons = {"CURSOR_INVALID"}};
  try_as("no cursor", "", "", {});
  try_as("a cursor of now", seen->cursor, seen->answer, {});
  try_as("garbage", "garbage", seen->answer, invalid);
  try_as("garbage that looks right", seen->cursor + ".x", seen->answer, invalid);
  try_as("of another job", of_other->cursor, seen->answer, invalid);
  Fields fields(seen->cursor);
  fields.version() = "99";
  try_as("of a version that never was", fields.Text(), seen->answer, invalid);
  fields = Fields(seen->cursor);
  fields.all[4] = "1";
  try_as("of a lease that never was", fields.Text(), seen->answer, invalid);
  fields = Fields(seen->cursor);
  const size_t ahead = std::min(whole->size(), seen->answer.size() + 60);
  fields.answer() = absl::StrCat(ahead);
  try_as("a greater offset", fields.Text(), whole->substr(0, ahead), {});
  fields = Fields(seen->cursor);
  fields.answer() = "-";
  try_as("without text", fields.Text(), "", {});
  one.job_id = "job_00000000000000000000000000000000";
  try_as("of an unknown job", "", "", {.code = absl::StatusCode::kNotFound, .to_the_end = true});
  one.job_id = job->job_id;

  const auto end = matrix.SeenOnce(*job, [](const Seen& s) { return s.terminal; });
  if (!end.ok()) return end.status();
  try_as("no cursor, ended", "", "", {.to_the_end = true});
  try_as("of an ended job, from before", seen->cursor, seen->answer, {.to_the_end = true});
  try_as("the terminal one", end->cursor, end->answer, {.to_the_end = true, .nothing_left = true});
  fields = Fields(end->cursor);
  fields.all[7].clear();
  try_as("the terminal one without its mark", fields.Text(), end->answer, {.to_the_end = true});
  fields.answer() = absl::StrCat(end->answer.size() + 100);
  try_as("of more than there is", fields.Text(), end->answer + std::string(100, 'x'),
         {.reasons = {"CURSOR_INVALID"}, .to_the_end = true});
  fields = Fields(end->cursor);
  fields.answer() = "7";
  try_as("terminal, without all of the text", fields.Text(), end->answer.substr(0, 7),
         {.to_the_end = true});
  try_as("garbage, ended", "garbage", end->answer,
         {.reasons = {"CURSOR_INVALID"}, .to_the_end = true});
  return absl::OkStatus();
}

// Inside of a character.
absl::Status InsideACharacter(Matrix& matrix, int replica) {
  const auto job = matrix.Submit("sim-fast:1b", "text=\"Gr\u00fc\u00dfe aus der Ferne\" rate=100");
  if (!job.ok()) return job.status();
  const auto end = matrix.SeenOnce(*job, [](const Seen& s) { return s.terminal; });
  if (!end.ok()) return end.status();
  Fields fields(end->cursor);
  fields.answer() = "3";
  fields.all[7].clear();
  matrix.Try({.name = "inside of a character",
              .job_id = job->job_id,
              .cursor = fields.Text(),
              .held = end->answer.substr(0, 3),
              .whole = end->answer,
              .expected = {.reasons = {"CURSOR_INVALID"}, .to_the_end = true}},
             replica);
  return absl::OkStatus();
}

// Of a lease that another has followed.
absl::Status OldLease(Matrix& matrix, int replica, bool continues) {
  const auto job = matrix.Submit(continues ? "sim-fast:1b" : "sim-anew:8b", "tokens=200 rate=25");
  if (!job.ok()) return job.status();
  const auto whole = matrix.Whole(*job);
  if (!whole.ok()) return whole.status();
  const auto before = matrix.SeenOnce(
      *job, [&](const Seen& s) { return s.answer.size() > (continues ? kGoneOnWith : 0); });
  if (!before.ok()) return before.status();
  if (absl::Status status = matrix.Pause(*job); !status.ok()) return status;
  const auto paused =
      matrix.SeenOnce(*job, [](const Seen& s) { return s.state == v1::Job::STATE_PAUSED; });
  if (!paused.ok()) return paused.status();
  if (absl::Status status = matrix.Resume(*job); !status.ok()) return status;
  const size_t kept = paused->answer.size();
  // On a machine that was slow it has become long enough to be gone on with.
  if (!continues && kept >= kShortText) return absl::OkStatus();
  const auto after = matrix.SeenOnce(*job, [&](const Seen& s) {
    return s.version > paused->version && s.state == v1::Job::STATE_PROCESSING &&
           Fields(s.cursor).all[4] != Fields(paused->cursor).all[4] && !s.answer.empty();
  });
  if (!after.ok()) return after.status();
  Case one = {.name = "of an old lease",
              .job_id = job->job_id,
              .cursor = before->cursor,
              .held = before->answer,
              .whole = *whole};
  if (!continues) {
    one.name = "of an old lease, started over";
    one.expected.reasons = {"RESTARTED"};
  }
  matrix.Try(one, replica);
  one.cursor = paused->cursor;
  one.held = paused->answer;
  one.name += ", paused";
  matrix.Try(one, replica);
  if (!continues) return absl::OkStatus();
  Fields fields(before->cursor);
  fields.answer() = absl::StrCat(kept + 50);
  one.name = "of an old lease, with more than was kept";
  one.cursor = fields.Text();
  one.held = paused->answer + std::string(50, 'x');
  one.expected.reasons = {"CONTINUED"};
  matrix.Try(one, replica);
  return absl::OkStatus();
}

// Newer than what a replica knows that hears neither the ledger nor the worker.
absl::Status Lagging(Matrix& matrix, TcpProxy& ledger, Cluster& cluster, bool watched) {
  const auto job = matrix.Submit("sim-fast:1b", "tokens=200 rate=25");
  if (!job.ok()) return job.status();
  const auto whole = matrix.Whole(*job);
  if (!whole.ok()) return whole.status();
  std::unique_ptr<JobWatcher> there;
  if (watched) {
    there = std::make_unique<JobWatcher>(cluster.progress_address(kLagging),
                                         std::vector<SubmittedJob>{*job});
    if (!Await([&] { return there->Of(job->job_id).answer.size() > kGoneOnWith; }, kPatience)) {
      return absl::DeadlineExceededError(job->job_id + " does not get on");
    }
  }
  const auto begun =
      matrix.SeenOnce(*job, [](const Seen& s) { return s.answer.size() > kGoneOnWith; });
  if (!begun.ok()) return begun.status();
  ledger.StallBoth(true);
  if (absl::Status status = matrix.Pause(*job); !status.ok()) return status;
  const auto paused =
      matrix.SeenOnce(*job, [](const Seen& s) { return s.state == v1::Job::STATE_PAUSED; });
  if (!paused.ok()) return paused.status();
  Case one = {.name = watched ? "ahead of a replica that lags" : "of a job that it can't know",
              .job_id = job->job_id,
              .cursor = paused->cursor,
              .held = paused->answer,
              .whole = *whole,
              .expected = {.code = absl::StatusCode::kUnavailable}};
  matrix.Try(one, kLagging);
  // The other one knows.
  one.name += ", at one that does not";
  one.expected = {};
  if (absl::Status status = matrix.Resume(*job); !status.ok()) return status;
  matrix.Try(one, 1 - kLagging);
  // A connection that was stalled for long is replaced only after a while.
  ledger.Heal();
  ledger.Cut();
  one.name += ", and when it has caught up";
  const bool heard = Await([&] { return IsReady(cluster.progress_address(kLagging)); }, kPatience);
  if (!heard) return absl::DeadlineExceededError("the replica does not come back");
  const JobWatcher back(cluster.progress_address(kLagging), {*job});
  Await([&] { return !back.Of(job->job_id).cursor.empty(); }, kPatience);
  matrix.Try(one, kLagging);
  return absl::OkStatus();
}

// Of so many states ago.
absl::Status LongAgo(Matrix& matrix, int replica, uint32_t states) {
  // Chunks that are read at once are one state; the job need not come to its end.
  const auto job = matrix.Submit("sim-fast:1b", absl::StrCat("tokens=", 3 * states + 400,
                                                             " rate=", states > 1000 ? 500 : 200));
  if (!job.ok()) return job.status();
  const auto whole = matrix.Whole(*job);
  if (!whole.ok()) return whole.status();
  const auto early = matrix.SeenOnce(*job, [](const Seen& s) { return s.answer.size() > 40; });
  if (!early.ok()) return early.status();
  const auto late = matrix.SeenOnce(
      *job, [&](const Seen& s) { return s.terminal || s.sequence >= early->sequence + states; },
      absl::Minutes(3));
  if (!late.ok()) return late.status();
  if (late->terminal) return absl::InternalError("the job ended before it had so many states");
  matrix.Try({.name = absl::StrCat("of ", states, " states ago"),
              .job_id = job->job_id,
              .cursor = early->cursor,
              .held = early->answer,
              .whole = *whole},
             replica);
  return absl::OkStatus();
}

absl::Status ResumeMatrix(Run& run) {
  const int rounds = run.Size(10, 1);
  std::vector<std::unique_ptr<TcpProxy>> ledgers;
  const auto route = [&](Link link, int, const std::string& address) {
    if (link != Link::kJobServiceOfProgress) return address;
    ledgers.push_back(TcpProxy::Start(address).value());
    return ledgers.back()->address();
  };
  auto started = Cluster::Start({.logs = run.logs,
                                 .workers = 1,
                                 .progress_services = 2,
                                 .bridges = 2,
                                 .bridge_per_replica = true,
                                 .slots = 8,
                                 .route = route});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  {
    Matrix matrix(run, cluster);
    for (int i = 0; i < rounds; ++i) {
      const int replica = i % 2;
      for (const absl::Status& status :
           {RunningAndEnded(matrix, replica), InsideACharacter(matrix, replica),
            OldLease(matrix, replica, true), OldLease(matrix, replica, false),
            Lagging(matrix, *ledgers[kLagging], cluster, i % 2 == 0)}) {
        if (!status.ok()) return status;
      }
    }
    if (absl::Status status = LongAgo(matrix, 0, run.Size(20'000U, 300U)); !status.ok()) {
      return status;
    }
    run.report.Injected(matrix.tried(), rounds * 40, "cursors");
    run.report.Figure("resume_matrix_longest_silence_s", matrix.longest_silence_s(), "s");
    run.report.AtMost("resume_matrix_wrong", matrix.wrong(), 0, "answers");
  }
  started->reset();
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "resume_matrix",
    .shows = "cursors of every kind, at both tiers: each is answered as promised, and at once",
    .brief = true,
    .run = ResumeMatrix,
});

}  // namespace
}  // namespace genwatch::chaos
