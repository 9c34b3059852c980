import org.jspecify.annotations.NullMarked;

/** The x86-64 processor: instructions, paging, exceptions, guest memory and the basic devices of a PC. */
@NullMarked
module dev.vtxray.core {
    requires static org.jspecify;

    exports dev.vtxray.core.cpu;
    exports dev.vtxray.core.port;
}
