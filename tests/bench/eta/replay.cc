#include "tests/bench/eta/replay.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <map>
#include <utility>

#include "common/length_estimate.h"
#include "job_service/length_lesson.h"
#include "tests/ollama_sim/length_models.h"

namespace genwatch::eta {
namespace {

using ollama_sim::LengthModel;
using ollama_sim::Random;

struct Rest {
  double low = 0;
  double median = 0;
  double high = 0;
};

// What one estimator says of one job, `t` tokens of which are there.
class Teller {
 public:
  virtual ~Teller() = default;
  virtual Rest Remaining(double t) const = 0;
  virtual double Fraction(double t) const {
    const double rest = std::max(0.0, Remaining(t).median);
    return t > 0 ? t / (t + rest) : 0;
  }
};

class Ours : public Teller {
 public:
  Ours(const v1::LengthHistory& history, double limit) : estimate_(history, limit) {}
  Rest Remaining(double t) const override {
    const RemainingTokens rest = estimate_.Remaining(t);
    return {rest.low, rest.median, rest.high};
  }
  double Fraction(double t) const override { return estimate_.Fraction(t); }

 private:
  const LengthEstimate estimate_;
};

// A whole length that is thought to be known from the start.
class Fixed : public Teller {
 public:
  explicit Fixed(double length) : length_(length) {}
  Rest Remaining(double t) const override {
    const double rest = std::max(0.0, length_ - t);
    return {rest, rest, rest};
  }

 private:
  const double length_;
};

// Of all lengths together, as if none had been cut.
class Pooled : public Teller {
 public:
  explicit Pooled(std::vector<double> lengths) : lengths_(std::move(lengths)) {
    std::sort(lengths_.begin(), lengths_.end());
  }
  Rest Remaining(double t) const override {
    const auto first = std::upper_bound(lengths_.begin(), lengths_.end(), t);
    const auto longer = static_cast<size_t>(lengths_.end() - first);
    if (longer < 8) return {t / 10, t / 2, 3 * t};
    const auto at = [&](double share) {
      return *(first + static_cast<std::ptrdiff_t>(share * static_cast<double>(longer))) - t;
    };
    return {at(0.1), at(0.5), at(0.9)};
  }

 private:
  std::vector<double> lengths_;
};

// As Pooled, of so many lengths of the job's own kind that they are its distribution.
std::map<std::string_view, Pooled> TrueLengths(double limit) {
  constexpr int kDraws = 20'000;
  std::map<std::string_view, Pooled> truth;
  for (const LengthModel& model : ollama_sim::AllLengthModels()) {
    Random random(ollama_sim::HashAdd(ollama_sim::kHashStart, model.name));
    std::vector<double> lengths;
    for (int i = 0; i < kDraws; ++i) {
      lengths.push_back(std::min<double>(model.DrawTokens(&random), limit));
    }
    truth.emplace(model.name, Pooled(std::move(lengths)));
  }
  return truth;
}

struct Length {
  double tokens = 0;
  bool cut = false;
};

// Lengths of jobs that ended, newest first.
class Ledger {
 public:
  void Learn(std::string_view kind, Length length) {
    for (std::deque<Length>* list : {&by_kind_[kind], &all_}) {
      list->push_front(length);
      if (list->size() > kHistoryLengths) list->pop_back();
    }
    sum_ += length.tokens;
    ++count_;
  }

  v1::LengthHistory HistoryOf(std::string_view kind, bool known_classes) const {
    const auto found = by_kind_.find(kind);
    const bool enough =
        known_classes && found != by_kind_.end() && found->second.size() >= kEnoughLengths;
    v1::LengthHistory history;
    for (const Length& length : enough ? found->second : all_) {
      history.add_lengths(static_cast<uint32_t>(length.tokens));
      history.add_censored(length.cut);
    }
    return history;
  }

  std::vector<double> All() const {
    std::vector<double> lengths;
    for (const Length& length : all_) lengths.push_back(length.tokens);
    return lengths;
  }
  double Mean() const { return count_ > 0 ? sum_ / static_cast<double>(count_) : 0; }

 private:
  std::map<std::string_view, std::deque<Length>> by_kind_;
  std::deque<Length> all_;
  double sum_ = 0;
  int64_t count_ = 0;
};

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double LogRatio(double told, double truth) {
  return std::abs(std::log(std::max(told, 1.0) / std::max(truth, 1.0)));
}

class Scorer {
 public:
  void Hear(std::string_view kind, double length, const Teller& teller) {
    for (size_t i = 0; i < kShares.size(); ++i) {
      const double t = kShares[i] * length;
      points_[i] += 100 * std::abs(teller.Fraction(t) - kShares[i]);
      log_ratios_[i].push_back(LogRatio(teller.Remaining(t).median, length - t));
    }
    for (const double age : kAges) {
      if (age >= length) break;
      const Rest rest = teller.Remaining(age);
      log_ratios_at_ages_.push_back(LogRatio(rest.median, length - age));
      Band& band = bands_[{kind, age}];
      ++band.asked;
      // A band is closed, and tokens are whole.
      if (rest.low - 0.5 <= length - age && length - age <= rest.high + 0.5) ++band.inside;
    }
    double before = 0;
    for (double t = 1; t <= length; ++t) {
      const double fraction = teller.Fraction(t);
      if (fraction < before - 1e-12) ++falls_;
      before = fraction;
    }
    ++jobs_;
  }

  Score Result(std::string_view estimator) const {
    constexpr int64_t kEnoughForAShare = 100;
    Score score{.estimator = estimator, .falls = falls_, .jobs = jobs_};
    for (size_t i = 0; i < kShares.size(); ++i) {
      score.points[i] = points_[i] / static_cast<double>(jobs_);
      score.log_ratio[i] = Median(log_ratios_[i]);
    }
    score.log_ratio_at_ages = Median(log_ratios_at_ages_);
    int64_t inside = 0;
    int64_t asked = 0;
    int cells = 0;
    for (const auto& [key, band] : bands_) {
      inside += band.inside;
      asked += band.asked;
      if (band.asked < kEnoughForAShare) continue;
      const double share = static_cast<double>(band.inside) / static_cast<double>(band.asked);
      score.coverage_gap += std::abs(share - 0.8);
      ++cells;
    }
    if (cells > 0) score.coverage_gap /= cells;
    if (asked > 0) score.coverage = static_cast<double>(inside) / static_cast<double>(asked);
    return score;
  }

 private:
  struct Band {
    int64_t asked = 0;
    int64_t inside = 0;
  };
  std::array<double, kShares.size()> points_ = {};
  std::array<std::vector<double>, kShares.size()> log_ratios_;
  std::vector<double> log_ratios_at_ages_;
  std::map<std::pair<std::string_view, double>, Band> bands_;
  int64_t falls_ = 0;
  int64_t jobs_ = 0;
};

std::vector<Score> ReplayOne(const ReplayOptions& options,
                             const std::map<std::string_view, Pooled>& truth) {
  Random random(options.seed * 0x9e3779b97f4a7c15ULL + 1);
  Ledger ledger;
  constexpr std::array<std::string_view, 5> kNames = {"ours", "prompt_rule", "global_mean",
                                                      "pooled_median", "true_lengths"};
  std::array<Scorer, kNames.size()> scorers;
  for (int i = 0; i < options.learned + options.scored; ++i) {
    const LengthModel& model = ollama_sim::DrawLengthModel(&random);
    const double prompt = model.DrawPromptTokens(&random);
    const double wanted = model.DrawTokens(&random);
    const double limit = options.num_predict;
    Length length{.tokens = std::min(wanted, limit), .cut = wanted > limit};
    const double draw = random.Below(1'000'000) / 1e6;
    const double cancelled_at = std::floor(random.Below(1'000'000) / 1e6 * length.tokens);
    const bool cancelled = draw < options.cancelled;
    // How long a cancelled job would have been nobody knows: it is not scored.
    if (i >= options.learned && !cancelled) {
      const Ours ours(ledger.HistoryOf(model.name, options.known_classes), limit);
      const Fixed prompt_rule(2.5 * prompt);
      const Fixed global_mean(ledger.Mean());
      const Pooled pooled(ledger.All());
      const std::array<const Teller*, kNames.size()> tellers = {&ours, &prompt_rule, &global_mean,
                                                                &pooled, &truth.at(model.name)};
      for (size_t k = 0; k < tellers.size(); ++k) {
        scorers[k].Hear(model.name, length.tokens, *tellers[k]);
      }
    }
    if (cancelled) length = {.tokens = cancelled_at, .cut = true};
    if (length.tokens > 0) ledger.Learn(model.name, length);
  }
  std::vector<Score> scores;
  for (size_t k = 0; k < kNames.size(); ++k) scores.push_back(scorers[k].Result(kNames[k]));
  return scores;
}

}  // namespace

std::vector<Score> Replay(const ReplayOptions& options) {
  return ReplayOne(options, TrueLengths(options.num_predict));
}

std::vector<Score> ReplayMany(ReplayOptions options, uint64_t first_seed, int count) {
  const std::map<std::string_view, Pooled> truth = TrueLengths(options.num_predict);
  std::vector<Score> means;
  for (int i = 0; i < count; ++i) {
    options.seed = first_seed + static_cast<uint64_t>(i);
    const std::vector<Score> scores = ReplayOne(options, truth);
    means.resize(scores.size());
    for (size_t k = 0; k < scores.size(); ++k) {
      Score& mean = means[k];
      const Score& score = scores[k];
      mean.estimator = score.estimator;
      for (size_t at = 0; at < kShares.size(); ++at) {
        mean.points[at] += score.points[at] / count;
        mean.log_ratio[at] += score.log_ratio[at] / count;
      }
      mean.log_ratio_at_ages += score.log_ratio_at_ages / count;
      mean.coverage += score.coverage / count;
      mean.coverage_gap += score.coverage_gap / count;
      mean.falls += score.falls;
      mean.jobs += score.jobs;
    }
  }
  return means;
}

}  // namespace genwatch::eta
