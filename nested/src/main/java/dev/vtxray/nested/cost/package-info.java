/**
 * The cycle cost model: what operations cost on a processor, as data with ranges and sources, and sums of them. It
 * predicts; no parameter is fitted to a result.
 */
package dev.vtxray.nested.cost;
