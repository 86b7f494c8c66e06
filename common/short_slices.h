#ifndef GENWATCH_COMMON_SHORT_SLICES_H_
#define GENWATCH_COMMON_SHORT_SLICES_H_

namespace genwatch {

// Asks the kernel for short slices of CPU time for the calling thread and those that it starts from
// now on: whoever is woken for some microseconds then need not wait until another thread, of
// whatever process, has used up the milliseconds that it was given. It gets no more CPU time for
// it. For programs on the way of live text; to be called at the beginning of main. False, and no
// effect, where the kernel knows no such wish (before Linux 6.12), or a sandbox refuses it.
bool AskForShortSlices();

}  // namespace genwatch

#endif  // GENWATCH_COMMON_SHORT_SLICES_H_
