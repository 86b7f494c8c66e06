#include "generation_service/model_residency.h"

#include <cstddef>
#include <utility>

namespace genwatch {
namespace {

constexpr absl::Duration kDefaultKeepAlive = absl::Minutes(5);  // the server's own default
// A report holds until the next one; they come each few seconds.
constexpr absl::Duration kReportHolds = absl::Minutes(1);

// The server takes a name without tag for the tag "latest", and says so in its own reports.
std::string WithTag(const std::string& model) {
  const size_t path_end = model.rfind('/');
  const size_t colon = model.find(':', path_end == std::string::npos ? 0 : path_end);
  return colon == std::string::npos ? model + ":latest" : model;
}

}  // namespace

void ModelResidency::Used(const std::string& model, std::optional<uint32_t> num_ctx,
                          absl::Duration) {
  Entry& entry = models_[WithTag(model)];
  if (entry.asked_num_ctx != num_ctx) entry.reported_context = 0;
  entry.asked_num_ctx = num_ctx;
  entry.until = absl::InfiniteDuration();
}

void ModelResidency::Released(const std::string& model, std::optional<absl::Duration> keep_alive,
                              absl::Duration now) {
  const auto found = models_.find(WithTag(model));
  if (found == models_.end()) return;
  const absl::Duration kept = keep_alive.value_or(kDefaultKeepAlive);
  found->second.until = kept < absl::ZeroDuration() ? absl::InfiniteDuration() : now + kept;
}

void ModelResidency::Report(const std::map<std::string, uint32_t>& context_lengths,
                            absl::Duration now) {
  std::map<std::string, Entry> models;
  for (const auto& [model, context] : context_lengths) {
    Entry entry;
    if (const auto known = models_.find(WithTag(model)); known != models_.end())
      entry = known->second;
    entry.reported_context = context;
    if (entry.until < now + kReportHolds) entry.until = now + kReportHolds;
    models.emplace(WithTag(model), entry);
  }
  models_ = std::move(models);
}

void ModelResidency::Forget() { models_.clear(); }

bool ModelResidency::Loaded(const std::string& model, std::optional<uint32_t> num_ctx,
                            absl::Duration now) const {
  const auto found = models_.find(WithTag(model));
  if (found == models_.end() || found->second.until <= now) return false;
  const Entry& entry = found->second;
  if (!num_ctx.has_value()) return !entry.asked_num_ctx.has_value();
  return num_ctx == entry.asked_num_ctx || num_ctx == entry.reported_context;
}

uint32_t ModelResidency::ContextLength(const std::string& model, absl::Duration now) const {
  const auto found = models_.find(WithTag(model));
  if (found == models_.end() || found->second.until <= now) return 0;
  return found->second.reported_context;
}

}  // namespace genwatch
