# The program that writes generated seeds for the fuzz targets.
function(microtome_fuzz_seeds)
  add_executable(fuzz_seeds native/test/fuzz/seeds.cc)
  target_link_libraries(fuzz_seeds PRIVATE microtome_core)
  microtome_warnings(fuzz_seeds)
  microtome_sanitize(fuzz_seeds)
endfunction()
