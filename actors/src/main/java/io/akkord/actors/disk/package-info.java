/** What a run asks of the disk beyond reading and writing: room, and that what it wrote stays. */
package io.akkord.actors.disk;
