// For every kind of model, every cut of the kept text and every way of cutting the answer into
// chunks, the text of the job is the kept one with its continuation or a new one, never a mixture
// and never a repeat.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/utf8.h"
#include "generation_service/continuation.h"

namespace genwatch {
namespace {

using Random = std::mt19937;
using Verdict = ContinuationGuard::Verdict;

constexpr char kSpace[] = " \t\r\n";

size_t Below(Random& random, size_t n) { return random() % n; }

// Sentences with commas, names, numbers, paragraphs, lists, and characters of several bytes.
std::string Prose(Random& random, size_t bytes) {
  static const std::vector<std::string> kWords = {
      "the",    "a",         "garden", "morning",
      "late",   "I",         "very",   "caf\xC3\xA9",
      "12",     "3.5",       "walks",  "NASA",
      "McCoy",  "be",        "an",     "\xE8\xB0\xA2\xE8\xB0\xA2",
      "better", "it's",      "quiet",  "through",
      "window", "(perhaps)", "the",    "**bold**",
      "on",     "one",       "ha",     "and",
      "so",     "some"};
  std::string text;
  bool start = true;
  while (text.size() < bytes) {
    std::string word = kWords[Below(random, kWords.size())];
    if (start) word = (Below(random, 2) == 0 ? "Then " : "Every ") + word;
    start = false;
    text += word;
    switch (Below(random, 12)) {
      case 0:
        text += ", ";
        break;
      case 1:
        text += ". ";
        start = true;
        break;
      case 2:
        text += Below(random, 2) == 0 ? ".\n\n" : ":\n- ";
        start = true;
        break;
      default:
        text += " ";
    }
  }
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

struct Heard {
  Verdict verdict = Verdict::kHold;
  std::string text;  // of the job, if it goes on
};

// Says `answer` in chunks of random sizes to a guard, as a model server does.
Heard Say(Random& random, const std::string& kept, std::string_view answer) {
  ContinuationGuard guard(kept);
  Heard heard;
  while (!answer.empty() && heard.verdict == Verdict::kHold) {
    std::string_view chunk = TruncateUtf8(answer, 1 + Below(random, 12));
    if (chunk.empty()) chunk = TruncateUtf8(answer, 4);
    heard.verdict = guard.Add(chunk);
    answer.remove_prefix(chunk.size());
  }
  if (heard.verdict == Verdict::kHold) heard.verdict = guard.End();
  EXPECT_NE(heard.verdict, Verdict::kHold);
  if (heard.verdict == Verdict::kGoOn) {
    heard.text = kept + guard.continuation() + std::string(answer);
  }
  return heard;
}

class ContinuationPropertyTest : public testing::TestWithParam<int> {
 protected:
  static constexpr size_t kShortest = 40;

  // Calls with every cut at a character's border: the kept text, and what a model is given of it.
  template <typename Check>
  void ForEachCut(const std::string& whole, Check check) {
    for (size_t cut = kShortest; cut < whole.size(); ++cut) {
      const std::string kept(TruncateUtf8(whole, cut));
      if (kept.size() != cut) continue;
      check(kept, kept.substr(0, kept.find_last_not_of(kSpace) + 1));
    }
  }

  Random random_{static_cast<Random::result_type>(GetParam())};
  const std::string whole_ = Prose(random_, 500);
};

TEST_P(ContinuationPropertyTest, ModelThatGoesOnIsJoinedWithoutASeam) {
  int gone_on = 0;
  int cuts = 0;
  ForEachCut(whole_, [&](const std::string& kept, const std::string& prefill) {
    const Heard heard = Say(random_, kept, std::string_view(whole_).substr(prefill.size()));
    ++cuts;
    if (heard.verdict == Verdict::kStartOver) return;
    ++gone_on;
    EXPECT_EQ(heard.text, whole_) << "kept: " << kept;
  });
  // Starting over is always right, but not what this is for.
  EXPECT_GT(gone_on, cuts * 8 / 10);
}

TEST_P(ContinuationPropertyTest, ModelThatEchoesAllIsNotRepeated) {
  ForEachCut(whole_, [&](const std::string& kept, const std::string& prefill) {
    const std::string rest = whole_.substr(prefill.size());
    for (const std::string& answer : {prefill + rest, kept + whole_.substr(kept.size())}) {
      const Heard heard = Say(random_, kept, answer);
      EXPECT_EQ(heard.verdict, Verdict::kGoOn) << "kept: " << kept;
      EXPECT_EQ(heard.text, whole_);
    }
  });
}

TEST_P(ContinuationPropertyTest, ModelThatEchoesTheEndIsNotRepeated) {
  int gone_on = 0;
  ForEachCut(whole_, [&](const std::string& kept, const std::string& prefill) {
    const size_t longest = prefill.size() - 1;
    // Not one character only, which is within the known limits.
    size_t start = prefill.size() - std::min(longest, 8 + Below(random_, 80));
    while ((static_cast<unsigned char>(prefill[start]) & 0xC0) == 0x80) --start;
    const std::string answer = whole_.substr(start);
    const Heard heard = Say(random_, kept, answer);
    if (heard.verdict == Verdict::kStartOver) return;
    ++gone_on;
    EXPECT_EQ(heard.text, whole_) << "kept: " << kept << "\nanswer: " << answer;
  });
  EXPECT_GT(gone_on, 0);
}

TEST_P(ContinuationPropertyTest, ModelThatStartsAnewIsNeverAppended) {
  ForEachCut(whole_, [&](const std::string& kept, const std::string& prefill) {
    // The same answer again goes on as one; it reads as a whole either way.
    const Heard same = Say(random_, kept, whole_);
    EXPECT_EQ(same.verdict, Verdict::kGoOn);
    EXPECT_EQ(same.text, whole_);
    // The same words at first, then others; and another answer altogether.
    const size_t equal = kShortest / 2 + Below(random_, prefill.size() - kShortest / 2);
    const std::string other = Prose(random_, 300);
    const std::string variant =
        std::string(TruncateUtf8(prefill, std::min(equal, prefill.size() - 4))) + "#" + other;
    EXPECT_EQ(Say(random_, kept, variant).verdict, Verdict::kStartOver) << "kept: " << kept;
    EXPECT_EQ(Say(random_, kept, other).verdict, Verdict::kStartOver)
        << "kept: " << kept << "\nother: " << other;
  });
}

INSTANTIATE_TEST_SUITE_P(Seeds, ContinuationPropertyTest, testing::Range(1, 25));

}  // namespace
}  // namespace genwatch
