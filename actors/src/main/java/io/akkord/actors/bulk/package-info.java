/** The bulk lane: tensor bytes between actors, beside the messages that announce them. */
package io.akkord.actors.bulk;
