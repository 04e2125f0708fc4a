# One list of warnings for every target; errors only where MICROTOME_WERROR is on (CI).
function(microtome_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
    -Wnon-virtual-dtor -Woverloaded-virtual)
  if(MICROTOME_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
