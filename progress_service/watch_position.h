#ifndef GENWATCH_PROGRESS_SERVICE_WATCH_POSITION_H_
#define GENWATCH_PROGRESS_SERVICE_WATCH_POSITION_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "genwatch/v1/progress_service.pb.h"
#include "progress_service/tracked_job.h"

namespace genwatch {

// Where one watcher of one job stands, and what brings it up to date. Being slow, coming late and
// resuming are all the same: the difference between here and the job as it is now. Not thread-safe.
class WatchPosition {
 public:
  // Texts are cut into pieces of at most this many bytes.
  static constexpr size_t kMaxPieceBytes = 16 << 10;
  // An ended job's first update brings all of its text at once, if it is no longer than this:
  // clients accept messages of 4 MiB.
  static constexpr size_t kMaxUpdateBytes = 3 << 20;

  // `cursor` is the caller's, empty to begin with nothing.
  WatchPosition(bool text, std::string cursor);

  struct Result {
    bool has_update = false;
    // There is more text than fitted.
    bool more = false;
    // Nothing will follow: this update, or an earlier one, told the job's end.
    bool done = false;
    // The cursor is of a greater version than ours, or of a newer text: the ledger has to be asked.
    bool behind = false;
    // Snapshots that this watcher was not shown, because a newer one came first.
    uint64_t conflated = 0;
  };

  // Fills `update` with what is new since the last call, with about `text_budget` bytes of text at
  // most. The state of a job that doesn't run is only shown with all of its text known here, and a
  // terminal one only together with the end of the text; until then there is text, or nothing.
  Result Collect(const TrackedJob& job, size_t text_budget, v1::JobUpdate* update);

  bool text() const { return text_; }
  bool started() const { return started_; }
  // The number of the question to the ledger that this position waits for; 0: none asked.
  uint64_t question() const { return question_; }
  void set_question(uint64_t question) { question_ = question; }

 private:
  // False if this replica must learn more first.
  bool Start(const TrackedJob& job, v1::JobUpdate* update);
  void ResetFallen(const TrackedJob& job, v1::JobUpdate* update);
  bool AddPieces(const TrackedJob& job, size_t budget, v1::JobUpdate* update);
  void AddBases(const TrackedJob& job, v1::JobUpdate* update);
  std::string CursorOf(const TrackedJob& job, bool terminal) const;

  bool text_;
  std::string cursor_;  // until started
  bool started_ = false;
  bool done_ = false;
  uint64_t question_ = 0;
  uint64_t snapshot_ = 0;  // last one given
  uint32_t version_ = 0;
  uint32_t sequence_ = 0;
  uint32_t text_version_ = 0;
  uint32_t bases_given_ = 0;  // text version up to which bases were given
  TextLengths offsets_ = {};
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_WATCH_POSITION_H_
