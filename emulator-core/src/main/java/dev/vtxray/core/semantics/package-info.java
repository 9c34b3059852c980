/**
 * What the instructions do: a file per group, each with its rows of the instruction table on top and one static method per
 * instruction below.
 */
package dev.vtxray.core.semantics;
