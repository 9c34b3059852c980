/* Says hello on the serial port and ends the machine. */
#include "../common/serial.h"

_Noreturn void guestMain(void);

_Noreturn void guestMain(void) {
    print("Hello from VTXray\n");
    debugExit(0);
}
