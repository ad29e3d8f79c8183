/** Nodes of a cluster: what each has, who is there, who was lost. */
package io.akkord.actors.node;
