import org.jspecify.annotations.NullMarked;

/** The x86-64 processor: instructions, paging, exceptions, guest memory and the basic devices of a PC. */
@NullMarked
module dev.vtxray.core {
    requires static org.jspecify;

    exports dev.vtxray.core.cpu;
    exports dev.vtxray.core.device;
    exports dev.vtxray.core.engine;
    exports dev.vtxray.core.isa;
    exports dev.vtxray.core.loader;
    exports dev.vtxray.core.machine;
    exports dev.vtxray.core.memory;
    exports dev.vtxray.core.port;
    exports dev.vtxray.core.semantics;
    exports dev.vtxray.core.state;
}
