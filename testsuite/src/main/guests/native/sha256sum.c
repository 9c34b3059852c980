/* Prints the SHA-256 of standard input, so that the guests' hash function can be compared with sha256sum. */
#include "../common/sha256.h"

#include <stdio.h>

int main(void) {
    static uint8_t message[1 << 20];
    uint8_t digest[SHA256_BYTES];
    sha256(message, fread(message, 1, sizeof(message), stdin), digest);
    for (unsigned i = 0; i < sizeof(digest); i++) {
        printf("%02x", digest[i]);
    }
    printf("  -\n");
    return 0;
}
