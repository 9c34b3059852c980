/**
 * Benchmarks of the emulator. The only package that reads a clock of the host: what it prints differs from run to run,
 * and nothing that a machine does depends on it.
 */
package dev.vtxray.testkit.cli.bench;
