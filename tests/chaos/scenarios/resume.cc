// progress_services and http_bridges die under those who watch, and come back as a supervisor
// brings them back.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "tests/chaos/harness/audience.h"
#include "tests/chaos/harness/cluster.h"
#include "tests/chaos/harness/jobs.h"
#include "tests/chaos/harness/ledger_reader.h"
#include "tests/chaos/harness/percentile.h"
#include "tests/chaos/harness/scenario.h"
#include "tests/chaos/harness/verdict.h"

namespace genwatch::chaos {
namespace {

// A supervisor's. While a progress_service is away the other one has to do for both.
constexpr absl::Duration kUntilBridgeRestart = absl::Milliseconds(250);
constexpr absl::Duration kUntilProgressRestart = absl::Milliseconds(1500);
// From one kill to the next; who takes longer to be back is late anyway.
constexpr absl::Duration kLeastPause = absl::Milliseconds(2300);
constexpr absl::Duration kMostPause = absl::Milliseconds(3200);
constexpr double kMostSeconds = 2;
// The short form is run beside other tests.
constexpr double kMostSecondsInBrief = 10;

// A progress_service hangs for so long; the silence of 3 s that its peers allow is over before.
constexpr absl::Duration kHang = absl::Seconds(6);
// Until those who watched there are shown something again.
constexpr double kMostSecondsOfHang = 5;
constexpr double kMostSecondsOfHangInBrief = 15;

struct Kill {
  bool bridge = false;
  int replica = 0;
  absl::Duration pause;
};

std::vector<Kill> PlanKills(Random random, int each) {
  std::vector<Kill> kills;
  for (int i = 0; i < 2 * each; ++i) {
    kills.push_back({.bridge = i % 2 == 1,
                     .replica = random.Between(0, 1),
                     .pause = random.Between(kLeastPause, kMostPause)});
  }
  return kills;
}

struct Hangs {
  int count = 0;
  // Without a word to a viewer over server-sent events, whose own stream stands.
  double longest_silence_s = 0;
  // Shortly before it went on, of viewers over gRPC.
  double mute_s = 0;
};

// A process that is stopped keeps its connections, and accepts new ones.
absl::Status Hang(Audience& audience, ServiceProcess& part, Hangs& hangs) {
  audience.TakeSilences();
  if (!part.Pause()) return absl::InternalError(part.name() + " did not run");
  absl::Status status;
  // Often, because whose job ends is heard no more.
  constexpr int kLooks = 24;
  for (int i = 0; i < kLooks && status.ok(); ++i) {
    status = audience.TendFor(kHang / kLooks);
    for (const absl::Duration silence : audience.TakeSilences()) {
      hangs.longest_silence_s = std::max(hangs.longest_silence_s, absl::ToDoubleSeconds(silence));
    }
  }
  hangs.mute_s = std::max(hangs.mute_s, absl::ToDoubleSeconds(audience.LongestMute()));
  part.Resume();
  ++hangs.count;
  return status.ok() ? audience.TendFor(absl::Seconds(2)) : status;
}

// How long ago the numbers of the running jobs were recorded that were recorded longest ago, s.
absl::StatusOr<double> OldestRecord(LedgerReader& ledger) {
  const auto micros = ledger.Number(
      "SELECT CAST(COALESCE(MAX(TIMESTAMPDIFF(MICROSECOND, last_update_at, UTC_TIMESTAMP(6))), 0) "
      "AS UNSIGNED) FROM ai_generation_jobs WHERE status = 'processing' AND current_tokens > 0");
  if (!micros.ok()) return micros.status();
  return static_cast<double>(*micros) / 1e6;
}

absl::Status Resume(Run& run) {
  const int each = run.Size(50, 2);
  const double most_seconds = run.Size(kMostSeconds, kMostSecondsInBrief);
  const Audience::Options viewers = {.jobs = run.Size(50, 4),
                                     .grpc_each = 4,
                                     .sse_each = 10,
                                     .lists = run.Size(8, 2),
                                     .all_active = run.Size(8, 2)};
  const std::vector<Kill> kills = PlanKills(run.random.Fork("kills"), each);
  // Ends fall among the kills, and at any distance from them.
  const std::vector<JobPlan> plans =
      PlanJobs(run.random.Fork("jobs"), run.Size(3000, 24),
               {.least_tokens = 30, .most_tokens = run.Size(140, 50), .tokens_per_second = 8});

  auto started = Cluster::Start({.logs = run.logs,
                                 .workers = 2,
                                 .progress_services = 2,
                                 .bridges = 2,
                                 .slots = 2 * viewers.jobs});
  if (!started.ok()) return started.status();
  Cluster& cluster = **started;
  Audience audience(cluster, viewers, plans, run.report);
  if (absl::Status status = audience.TendFor(absl::Seconds(2)); !status.ok()) return status;

  int killed[2] = {0, 0};
  int emptied = 0;  // the progress_service that nobody watches any more
  std::vector<double> silences;
  std::vector<double> records;
  LedgerReader ledger(cluster);
  for (const Kill& kill : kills) {
    ServiceProcess& hit =
        kill.bridge ? cluster.bridge(kill.replica) : cluster.progress_service(kill.replica);
    audience.TakeSilences();
    if (hit.Kill()) ++killed[kill.bridge ? 1 : 0];
    const absl::Duration away = kill.bridge ? kUntilBridgeRestart : kUntilProgressRestart;
    if (absl::Status status = audience.TendFor(away); !status.ok()) return status;
    if (!kill.bridge) {
      emptied = kill.replica;
      const auto record = OldestRecord(ledger);
      if (!record.ok()) return record.status();
      records.push_back(*record);
    }
    if (absl::Status status = hit.Start(); !status.ok()) return status;
    if (absl::Status status = audience.TendFor(kill.pause - away); !status.ok()) return status;
    if (kill.bridge) continue;
    // Of a bridge's viewers, whose own streams stand.
    for (const absl::Duration silence : audience.TakeSilences()) {
      silences.push_back(absl::ToDoubleSeconds(silence));
    }
  }
  Hangs hangs;
  for (int i = 0; i < run.Size(6, 1); ++i) {
    const int hit = 1 - emptied;
    if (absl::Status status = Hang(audience, cluster.progress_service(hit), hangs); !status.ok()) {
      return status;
    }
    emptied = hit;
  }
  audience.Finish(absl::Minutes(1));

  run.report.Injected(killed[0], each, "kills of progress_services");
  run.report.AtLeast("resume_bridges_killed", killed[1], each, "kills");
  run.report.AtLeast("resume_progress_services_hung", hangs.count, run.Size(6, 1), "hangs");
  const double most_hang = run.Size(kMostSecondsOfHang, kMostSecondsOfHangInBrief);
  run.report.AtMost("resume_hung_behind_bridge_s", hangs.longest_silence_s, most_hang, "s");
  run.report.AtMost("resume_hung_mute_s", hangs.mute_s, most_seconds, "s");
  run.report.Figure("resume_viewers", audience.viewers(), "viewers");
  run.report.AtMost("resume_gaps", audience.breaches().gaps, 0, "gaps");
  run.report.AtMost("resume_repeats", audience.breaches().repeats, 0, "repeats");
  run.report.AtMost("resume_other_breaches", audience.breaches().others, 0, "updates");
  run.report.AtMost("resume_wrong_texts", audience.wrong_texts(), 0, "texts");
  run.report.AtMost("resume_ends_missed", audience.ends_missed(), 0, "viewers");
  std::vector<double> resumed = audience.resumed_grpc();
  run.report.Figure("resume_grpc_p99_s", Percentile(resumed, 0.99), "s");
  run.report.Figure("resume_sse_p99_s", Percentile(audience.resumed_sse(), 0.99), "s");
  // Half of them were not on the replica that died.
  run.report.AtMost("resume_behind_bridge_s", Percentile(silences, 0.995), most_seconds, "s");
  resumed.insert(resumed.end(), audience.resumed_sse().begin(), audience.resumed_sse().end());
  run.report.AtMost("resume_recorded_age_s", Percentile(records, 0.99), most_seconds, "s");
  run.report.Figure("resume_streams_broken", static_cast<double>(resumed.size()), "streams");
  run.report.Figure("resume_p50_s", Percentile(resumed, 0.5), "s");
  run.report.AtMost("resume_p99_s", Percentile(resumed, 0.99), most_seconds, "s");
  const auto verdict = JudgeAndReport(cluster, audience.jobs(), run.report, "resume");
  if (!verdict.ok()) return verdict.status();
  run.report.AtMost("resume_failures_charged", verdict->failures_charged, 0, "failures");
  return absl::OkStatus();
}

const RegisterScenario registered({
    .name = "resume",
    .shows = "progress_services and http_bridges die or hang under those who watch: no gap, no "
             "repeat, every end is seen, all are back within two seconds, five after a hang",
    .brief = true,
    .run = Resume,
});

}  // namespace
}  // namespace genwatch::chaos
