# MICROTOME_SANITIZE=address,undefined (or thread) instruments every target alike.
function(microtome_sanitize target)
  if(MICROTOME_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${MICROTOME_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
    # gcc takes twice the time with these two. The address sanitizer finds what null would; clang checks alignment (Fuzz.cmake).
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND MICROTOME_SANITIZE MATCHES "undefined")
      target_compile_options(${target} PRIVATE -fno-sanitize=null,alignment)
    endif()
    target_link_options(${target} PRIVATE -fsanitize=${MICROTOME_SANITIZE})
  endif()
endfunction()
