/** Decides: who computes what, what is due at a boundary, when a run ends. */
package io.akkord.actors.supervisor;
