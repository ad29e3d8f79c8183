/** Where events go: a database in the run folder, and the force that makes a write durable. */
package io.akkord.actors.journal;
