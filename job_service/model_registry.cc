#include "job_service/model_registry.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status.h"

namespace genwatch {
namespace {

constexpr size_t kMostNamesInAnError = 12;

bool Offers(const v1::ModelReport& report, const std::string& model) {
  return std::any_of(report.models().begin(), report.models().end(),
                     [&model](const v1::Model& offered) { return offered.name() == model; });
}

}  // namespace

void ModelRegistry::Update(const v1::ModelReport& report) {
  MutexLock lock(mutex_);
  for (v1::ModelReport& known : reports_) {
    if (known.server().url() != report.server().url()) continue;
    // A server that can't be reached has not lost its models.
    if (report.models().empty() && !report.server().reachable()) {
      *known.mutable_server() = report.server();
    } else {
      known = report;
    }
    return;
  }
  reports_.push_back(report);
}

void ModelRegistry::ReplaceAll(std::vector<v1::ModelReport> reports) {
  MutexLock lock(mutex_);
  reports_ = std::move(reports);
}

bool ModelRegistry::KnownLocked(const std::string& model) const {
  return std::any_of(reports_.begin(), reports_.end(),
                     [&model](const v1::ModelReport& report) { return Offers(report, model); });
}

std::string ModelRegistry::DefaultLocked() const {
  if (!default_model_.empty()) return default_model_;
  for (const v1::ModelReport& report : reports_) {
    if (!report.models().empty()) return report.models(0).name();
  }
  return "";
}

absl::StatusOr<std::string> ModelRegistry::Resolve(const std::string& model) const {
  MutexLock lock(mutex_);
  const std::string wanted = model.empty() ? DefaultLocked() : model;
  if (wanted.empty()) {
    return WithRetryAfter(
        Error(absl::StatusCode::kUnavailable, "NO_MODEL_KNOWN",
              "no model server has reported its models yet: name a model, or try again when a "
              "worker has reached one"),
        absl::Seconds(2));
  }
  const bool any_known =
      std::any_of(reports_.begin(), reports_.end(),
                  [](const v1::ModelReport& report) { return !report.models().empty(); });
  if (!any_known || KnownLocked(wanted)) return wanted;
  if (const std::string latest = absl::StrCat(wanted, ":latest");
      !absl::StrContains(wanted, ':') && KnownLocked(latest)) {
    return latest;
  }
  std::set<std::string> names;
  for (const v1::ModelReport& report : reports_) {
    for (const v1::Model& offered : report.models()) names.insert(offered.name());
  }
  const size_t all = names.size();
  while (names.size() > kMostNamesInAnError) names.erase(std::prev(names.end()));
  return WithFieldViolation(
      WithMetadata(
          Error(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND",
                absl::StrCat("model '", wanted, "' is not on any model server; known: ",
                             absl::StrJoin(names, ", "), all > names.size() ? ", ..." : "")),
          "model", wanted),
      "model", "is not on any model server");
}

std::optional<ModelOutage> ModelRegistry::OutageOf(const std::string& model) const {
  MutexLock lock(mutex_);
  std::optional<ModelOutage> outage;
  for (const v1::ModelReport& report : reports_) {
    if (!Offers(report, model)) continue;
    if (report.server().reachable()) return std::nullopt;
    const absl::Time next = absl::FromUnixSeconds(report.server().next_look_time().seconds()) +
                            absl::Nanoseconds(report.server().next_look_time().nanos());
    if (!outage || next < outage->next_look) {
      outage =
          ModelOutage{.reason = "MODEL_SERVER_UNREACHABLE",
                      .message = absl::StrCat("The model server at ", report.server().url(),
                                              " does not answer. The job starts when it does."),
                      .next_look = next};
    }
  }
  return outage;
}

std::optional<uint32_t> ModelRegistry::LoadedContextOf(const std::string& model) const {
  std::optional<uint32_t> context;
  MutexLock lock(mutex_);
  for (const v1::ModelReport& report : reports_) {
    if (!report.server().reachable()) continue;
    for (const v1::Model& offered : report.models()) {
      if (offered.name() != model || !offered.loaded()) continue;
      context = std::max(context.value_or(0), offered.loaded_context_length());
    }
  }
  return context;
}

std::set<std::string> ModelRegistry::ServersOf(const std::string& model) const {
  std::set<std::string> urls;
  MutexLock lock(mutex_);
  for (const v1::ModelReport& report : reports_) {
    if (Offers(report, model)) urls.insert(report.server().url());
  }
  return urls;
}

v1::ListModelsResponse ModelRegistry::List() const {
  v1::ListModelsResponse response;
  std::set<std::string> seen;
  MutexLock lock(mutex_);
  for (const v1::ModelReport& report : reports_) {
    *response.add_servers() = report.server();
    if (report.server().simulated()) response.set_simulated(true);
    for (const v1::Model& model : report.models()) {
      if (seen.insert(model.name()).second) *response.add_models() = model;
    }
  }
  response.set_default_model(DefaultLocked());
  return response;
}

void ShareModels(JobStore& store, ModelRegistry& models) {
  // While the ledger is down, what is known stays.
  absl::StatusOr<std::vector<v1::ModelReport>> reports = store.LoadModels();
  if (reports.ok()) models.ReplaceAll(*std::move(reports));
}

}  // namespace genwatch
