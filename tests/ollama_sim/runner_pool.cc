#include "tests/ollama_sim/runner_pool.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "tests/ollama_sim/clock.h"

namespace genwatch::ollama_sim {

uint64_t RunnerPool::Request(Need need) {
  const uint64_t id = last_id_ + 1;
  const auto runner = runners_.find(need.model->name);
  const bool loaded = runner != runners_.end() && runner->second.num_ctx == need.num_ctx;
  const bool needs_load = !loaded || need.load_ms.has_value();
  if (needs_load && load_queue_.size() >= static_cast<size_t>(options_.max_queue)) return kRejected;
  last_id_ = id;
  tickets_.emplace(id, Ticket{.need = std::move(need)});
  if (needs_load) {
    load_queue_.push_back(id);
    AdvanceSoon();
  } else {
    UseRunner(id, &runner->second);
  }
  return id;
}

void RunnerPool::Release(uint64_t id) {
  const auto found = tickets_.find(id);
  if (found == tickets_.end()) return;
  const Need& need = found->second.need;
  if (loading_ == id) {
    loading_.reset();
    loop_->Cancel(&load_timer_);
  }
  std::erase(load_queue_, id);
  if (const auto runner = runners_.find(need.model->name); runner != runners_.end()) {
    Runner& used = runner->second;
    if (used.users.erase(id) > 0) {
      used.slots.erase(id);
      std::erase(used.waiting, id);
      used.keep_alive_ns = need.keep_alive_ns.value_or(options_.keep_alive_ns);
      OnIdle(&used);
    }
  }
  tickets_.erase(id);
  AdvanceSoon();
}

void RunnerPool::Wedge(uint64_t id) {
  const auto found = tickets_.find(id);
  if (found == tickets_.end()) return;
  if (found->second.stage == Stage::kHoldingSlot) {
    ++runners_.find(found->second.need.model->name)->second.wedged;
  }
  Release(id);
}

void RunnerPool::Unload(const Model& model) {
  const auto found = runners_.find(model.name);
  if (found == runners_.end()) return;
  found->second.wedged = 0;
  found->second.doomed = true;
  OnIdle(&found->second);
  AdvanceSoon();
}

void RunnerPool::Clear() {
  for (auto& [name, runner] : runners_) loop_->Cancel(&runner.expiry);
  runners_.clear();
  tickets_.clear();
  load_queue_.clear();
  loading_.reset();
  loop_->Cancel(&load_timer_);
  AdvanceSoon();
}

void RunnerPool::WhenNotLoading(std::function<void()> function) {
  when_not_loading_.push_back(std::move(function));
  AdvanceSoon();
}

std::vector<RunnerPool::Loaded> RunnerPool::ListLoaded() const {
  std::vector<Loaded> loaded;
  for (const auto& [name, runner] : runners_) {
    loaded.push_back({runner.model, runner.num_ctx, runner.expires_ns});
  }
  return loaded;
}

void RunnerPool::AdvanceSoon() {
  if (std::exchange(advance_soon_, true)) return;
  loop_->Defer([this] {
    advance_soon_ = false;
    Advance();
  });
}

void RunnerPool::Advance() {
  while (AdvanceLoadQueue()) {
  }
  for (auto& [name, runner] : runners_) GiveSlots(&runner);
  if (loading_.has_value()) return;
  for (const auto& function : std::exchange(when_not_loading_, {})) function();
}

// True if the head of the queue was dealt with.
bool RunnerPool::AdvanceLoadQueue() {
  if (loading_.has_value() || load_queue_.empty()) return false;
  const uint64_t id = load_queue_.front();
  const Need& need = tickets_.at(id).need;
  const auto found = runners_.find(need.model->name);
  if (found != runners_.end()) {
    if (found->second.num_ctx == need.num_ctx && !need.load_ms.has_value()) {
      load_queue_.pop_front();
      UseRunner(id, &found->second);
      return true;
    }
    if (!found->second.users.empty()) return false;  // a reload waits until the model is idle
    Drop(found->first);
  }
  load_queue_.pop_front();
  StartLoad(id);
  return true;
}

void RunnerPool::StartLoad(uint64_t id) {
  Ticket& ticket = tickets_.at(id);
  ticket.stage = Stage::kLoading;
  loading_ = id;
  const double scaled = static_cast<double>(ticket.need.model->load_ms) / options_.load_speed;
  const double ms = ticket.need.load_ms ? static_cast<double>(*ticket.need.load_ms) : scaled;
  load_timer_ = loop_->At(MonotonicNs() + static_cast<int64_t>(ms * kNsPerMs),
                          [this, id] { FinishLoad(id); });
}

void RunnerPool::FinishLoad(uint64_t id) {
  loading_.reset();
  load_timer_ = EventLoop::kNoTimer;
  const Need& need = tickets_.at(id).need;
  Runner& runner = runners_[std::string(need.model->name)];
  runner.model = need.model;
  runner.num_ctx = need.num_ctx;
  UseRunner(id, &runner);
  AdvanceSoon();
}

void RunnerPool::UseRunner(uint64_t id, Runner* runner) {
  Ticket& ticket = tickets_.at(id);
  loop_->Cancel(&runner->expiry);
  runner->expires_ns = std::numeric_limits<int64_t>::max();
  runner->users.insert(id);
  if (ticket.need.slot) {
    ticket.stage = Stage::kWaitingForSlot;
    runner->waiting.push_back(id);
  } else {
    ticket.stage = Stage::kLoadedOnly;
  }
  Call(id, &Need::on_loaded);
  AdvanceSoon();
}

void RunnerPool::GiveSlots(Runner* runner) {
  while (!runner->waiting.empty() &&
         static_cast<int>(runner->slots.size()) + runner->wedged < SlotsOf(*runner)) {
    const uint64_t id = runner->waiting.front();
    runner->waiting.pop_front();
    runner->slots.insert(id);
    tickets_.at(id).stage = Stage::kHoldingSlot;
    Call(id, &Need::on_slot);
  }
}

int RunnerPool::SlotsOf(const Runner& runner) const {
  return runner.model->parallel > 0 ? runner.model->parallel : options_.num_parallel;
}

// Deferred, and only if the request is still there then.
void RunnerPool::Call(uint64_t id, std::function<void()> Need::*callback) {
  loop_->Defer([this, id, callback] {
    const auto found = tickets_.find(id);
    if (found == tickets_.end()) return;
    const std::function<void()> function = found->second.need.*callback;
    if (function) function();
  });
}

void RunnerPool::OnIdle(Runner* runner) {
  if (!runner->users.empty()) return;
  loop_->Cancel(&runner->expiry);
  const std::string name(runner->model->name);
  if (runner->doomed || runner->keep_alive_ns == 0) return Drop(name);
  runner->expires_ns = std::numeric_limits<int64_t>::max();
  if (runner->keep_alive_ns < 0) return;
  runner->expires_ns = MonotonicNs() + runner->keep_alive_ns;
  runner->expiry = loop_->At(runner->expires_ns, [this, name] {
    const auto found = runners_.find(name);
    found->second.expiry = EventLoop::kNoTimer;
    Drop(name);
  });
}

void RunnerPool::Drop(const std::string& name) {
  const auto found = runners_.find(name);
  loop_->Cancel(&found->second.expiry);
  runners_.erase(found);
  AdvanceSoon();
}

}  // namespace genwatch::ollama_sim
