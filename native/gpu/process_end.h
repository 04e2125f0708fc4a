// Whether the process is ending. A library that was opened at run time frees its own things then, in an order that
// nobody else knows: objects of ours that outlive main() must not call it any more.
#pragma once

namespace microtome::gpu {

// Called after a library was opened: from then on the answer turns to true before the library begins to end.
void watch_process_end();
[[nodiscard]] bool process_is_ending() noexcept;

}  // namespace microtome::gpu
