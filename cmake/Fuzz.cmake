# MICROTOME_FUZZ=ON (clang only): everything is compiled with coverage and with the address and undefined-behaviour
# sanitizers; each native/test/fuzz/<name>_fuzz.cc becomes a libFuzzer program.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "MICROTOME_FUZZ needs clang, this is ${CMAKE_CXX_COMPILER_ID}: pass -DCMAKE_CXX_COMPILER=clang++")
endif()
set(MICROTOME_SANITIZE "fuzzer-no-link,address,undefined")

function(microtome_fuzz_targets)
  file(GLOB sources CONFIGURE_DEPENDS native/test/fuzz/*_fuzz.cc)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE microtome_core)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    microtome_warnings(${name})
    microtome_sanitize(${name})
  endforeach()
  microtome_fuzz_seeds()
endfunction()
