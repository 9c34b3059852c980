package dev.vtxray.core.device;

/** Takes the wish of a device that the machine stops before the next instruction. */
@FunctionalInterface
public interface StopRequest {
    /** The guest has ended its work with this exit status, 0-255. */
    void stop(int status);
}
