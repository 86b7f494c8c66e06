#ifndef GENWATCH_PROGRESS_SERVICE_LEASE_BASES_H_
#define GENWATCH_PROGRESS_SERVICE_LEASE_BASES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "genwatch/v1/job.pb.h"

namespace genwatch {

inline constexpr size_t kChannels = 2;
inline constexpr std::array<v1::Channel, kChannels> kAllChannels = {v1::CHANNEL_ANSWER,
                                                                    v1::CHANNEL_THINKING};

// One length or offset (UTF-8 bytes) for each text: answer, thinking.
using TextLengths = std::array<uint32_t, kChannels>;

// The index into TextLengths; kChannels for what is no channel.
size_t ChannelIndex(v1::Channel channel);

// How many bytes of the kept texts stood when each lease of a job began. A lease's base may be
// lowered until its first text is shown, so of two words on the same lease the smaller counts, in
// whatever order they are heard. Not thread-safe.
class LeaseBases {
 public:
  struct Lease {
    uint32_t version = 0;
    TextLengths bases = {};
  };

  // Takes the leases in. True if one was new or a base was lowered.
  bool Merge(const google::protobuf::RepeatedPtrField<v1::LeaseBase>& leases);
  bool Merge(uint32_t version, const TextLengths& bases);

  // What of the first `offset` bytes, held since the lease `text_version`, still stands: the
  // smallest of it and of the bases of all leases after that one.
  uint32_t Standing(size_t channel, uint32_t offset, uint32_t text_version) const;

  // Null if it was never heard of.
  const Lease* Find(uint32_t version) const;

  // In the order of their versions.
  const std::vector<Lease>& leases() const { return leases_; }

 private:
  std::vector<Lease> leases_;
};

}  // namespace genwatch

#endif  // GENWATCH_PROGRESS_SERVICE_LEASE_BASES_H_
