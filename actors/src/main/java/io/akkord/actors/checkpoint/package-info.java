/**
 * One folder holds every state of a run after some number of steps. It appears under its name only
 * when it is whole and on disk, and it says by hash what it should hold.
 */
package io.akkord.actors.checkpoint;
