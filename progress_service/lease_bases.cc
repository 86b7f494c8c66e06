#include "progress_service/lease_bases.h"

#include <algorithm>

namespace genwatch {
namespace {

bool VersionBelow(const LeaseBases::Lease& lease, uint32_t version) {
  return lease.version < version;
}

}  // namespace

size_t ChannelIndex(v1::Channel channel) {
  switch (channel) {
    case v1::CHANNEL_ANSWER:
      return 0;
    case v1::CHANNEL_THINKING:
      return 1;
    default:
      return kChannels;
  }
}

bool LeaseBases::Merge(const google::protobuf::RepeatedPtrField<v1::LeaseBase>& leases) {
  bool changed = false;
  for (const v1::LeaseBase& lease : leases) {
    changed |= Merge(lease.version(), {lease.answer(), lease.thinking()});
  }
  return changed;
}

bool LeaseBases::Merge(uint32_t version, const TextLengths& bases) {
  const auto at = std::lower_bound(leases_.begin(), leases_.end(), version, VersionBelow);
  if (at == leases_.end() || at->version != version) {
    leases_.insert(at, {.version = version, .bases = bases});
    return true;
  }
  bool lowered = false;
  for (size_t channel = 0; channel < kChannels; ++channel) {
    if (bases[channel] >= at->bases[channel]) continue;
    at->bases[channel] = bases[channel];
    lowered = true;
  }
  return lowered;
}

uint32_t LeaseBases::Standing(size_t channel, uint32_t offset, uint32_t text_version) const {
  // Newest first: most callers stand at the last lease, and are done after one look.
  for (auto lease = leases_.rbegin(); lease != leases_.rend(); ++lease) {
    if (lease->version <= text_version) break;
    offset = std::min(offset, lease->bases[channel]);
  }
  return offset;
}

const LeaseBases::Lease* LeaseBases::Find(uint32_t version) const {
  const auto at = std::lower_bound(leases_.begin(), leases_.end(), version, VersionBelow);
  return at != leases_.end() && at->version == version ? &*at : nullptr;
}

}  // namespace genwatch
