/* Runs one benchmark on the build machine and prints what the guest must find, as lines of a properties file. */
#include "../bench/bench.h"

#include <inttypes.h>
#include <stdio.h>

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: %s NAME\n", arguments[0]);
        return 2;
    }
    for (uint64_t variant = 0; variant < variants; variant++) {
        uint64_t iterations = defaultIterations(variant);
        printf("%s.%" PRIu64 ".iterations=%" PRIu64 "\n", arguments[1], variant, iterations);
        printf("%s.%" PRIu64 ".checksum=%016" PRIx64 "\n", arguments[1], variant, benchmark(iterations, variant));
    }
    return 0;
}
