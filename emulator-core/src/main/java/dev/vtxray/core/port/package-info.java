/**
 * The ports of the CPU: every question that the core asks of somebody else, and nothing that answers one.
 *
 * <p>Deciders ({@link dev.vtxray.core.port.Interceptor}, {@link dev.vtxray.core.port.SecondStage},
 * {@link dev.vtxray.core.port.BoundaryEvents}, {@link dev.vtxray.core.port.EventGate}, ...) answer a question and may
 * change what happens; observers ({@link dev.vtxray.core.port.Probe}) return nothing and change nothing. A port that
 * nobody occupies costs a null check or less.
 */
package dev.vtxray.core.port;
