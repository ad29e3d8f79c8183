/**
 * The read model: a bounded fold of what runs tell, for page, command line and metrics. Knows no
 * HTTP and starts no actor.
 */
package io.akkord.actors.dashboard;
