/**
 * The command line: {@link dev.vtxray.testkit.cli.Main} and one class per verb. A verb reads its options, calls the test
 * kit and prints; what it prints comes from the test kit. Standard output and error are written nowhere else.
 */
package dev.vtxray.testkit.cli;
