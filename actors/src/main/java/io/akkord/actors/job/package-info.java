/** Runs that a cluster is asked for: queued, begun on a control node, taken up again elsewhere. */
package io.akkord.actors.job;
