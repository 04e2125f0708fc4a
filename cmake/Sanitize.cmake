# MICROTOME_SANITIZE=address,undefined (or thread) instruments every target alike.
function(microtome_sanitize target)
  if(MICROTOME_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${MICROTOME_SANITIZE} -fno-omit-frame-pointer
      -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${MICROTOME_SANITIZE})
  endif()
endfunction()
