#ifndef GENWATCH_PROGRESS_SERVICE_HUB_BATCH_H_
#define GENWATCH_PROGRESS_SERVICE_HUB_BATCH_H_

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "progress_service/hub_entry.h"
#include "progress_service/progress_hub.h"

namespace genwatch {

using EntryRef = std::shared_ptr<HubEntry>;

// Of the ProgressHub, and for its sources only: what a merge leaves to be done when no lock is held
// any more. Not thread-safe.
class ProgressHub::Batch {
 public:
  void Wake(const std::shared_ptr<const HubWakes>& wakes) {
    if (wakes != nullptr) wakes_.push_back(wakes);
  }
  void Ask(EntryRef entry) { to_ask_.push_back(std::move(entry)); }
  void Read(EntryRef entry, bool at_once) {
    to_read_.push_back(std::move(entry));
    read_at_once_ |= at_once;
  }

  void Score(v1::EstimateScore score) { scores_.push_back(std::move(score)); }

  std::vector<v1::EstimateScore>& scores() { return scores_; }
  const std::vector<EntryRef>& to_ask() const { return to_ask_; }
  const std::vector<EntryRef>& to_read() const { return to_read_; }
  bool read_at_once() const { return read_at_once_; }

  // Each watcher once, however many of its jobs changed.
  void RunWakes() const {
    if (wakes_.size() == 1) {
      for (const auto& wake : *wakes_.front()) (*wake)();
      return;
    }
    std::vector<const HubWake*> all;
    for (const auto& wakes : wakes_) {
      for (const auto& wake : *wakes) all.push_back(wake.get());
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (const HubWake* const wake : all) (*wake)();
  }

 private:
  std::vector<std::shared_ptr<const HubWakes>> wakes_;
  std::vector<EntryRef> to_ask_;
  std::vector<EntryRef> to_read_;
  std::vector<v1::EstimateScore> scores_;
  bool read_at_once_ = false;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_HUB_BATCH_H_
