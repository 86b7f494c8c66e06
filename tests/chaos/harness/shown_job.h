#ifndef GENWATCH_TESTS_CHAOS_HARNESS_SHOWN_JOB_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_SHOWN_JOB_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace genwatch::chaos {

// What watchers were shown against the promise.
struct Breaches {
  int gaps = 0;     // text that does not follow what was shown
  int repeats = 0;  // text that was shown before
  int others = 0;
  // The first few of any kind, in words.
  std::vector<std::string> words;

  int all() const { return gaps + repeats + others; }
  void Note(int& kind, const std::string& word);
  void Add(const Breaches& more);
};

// What one watcher was shown of one job, put together as a careful client does. Not thread-safe.
class ShownJob {
 public:
  // What does not keep the promise is noted in `breaches`, and then believed.
  void TakeOrder(uint32_t version, uint32_t sequence, Breaches& breaches);
  void TakeReset(bool thinking, size_t offset, Breaches& breaches);
  void TakePiece(bool thinking, size_t offset, std::string_view text, Breaches& breaches);

  const std::string& answer() const { return answer_; }
  const std::string& thinking() const { return thinking_; }

  std::string job_id;
  // To go on from.
  std::string cursor;
  // The last event was shown.
  bool ended = false;

 private:
  uint32_t version_ = 0;
  uint32_t sequence_ = 0;
  std::string answer_;
  std::string thinking_;
};

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_SHOWN_JOB_H_
