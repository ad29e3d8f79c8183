/**
 * The ledger: one event per committed step, a moving average of every demonstration's score, and
 * the rewrites that replaced some of them.
 */
package io.akkord.actors.ledger;
