/**
 * The reference engine: decoded instructions in blocks, keyed by physical address and mode, executed row by row; and the
 * loop around it that counts instructions and meets events exactly where they are due.
 */
package dev.vtxray.core.engine;
