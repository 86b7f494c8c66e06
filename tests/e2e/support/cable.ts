import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { runningStack } from './stack.ts';

/**
 * A cable between the browser and the bridge, which can be pulled out: then nothing comes through, in either direction,
 * and neither end is told. (The browser's own emulation of being offline leaves open streams alone.)
 */
export class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #pulled = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async plugIn(): Promise<Cable> {
    const target = new URL(runningStack().baseUrl);
    const server = createServer();
    const cable = new Cable(server);
    server.on('connection', (near) => {
      if (cable.#pulled) {
        near.destroy();
        return;
      }
      const far = connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        cable.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          cable.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  pull(): void {
    this.#pulled = true;
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** What was open before stays lost. */
  putBack(): void {
    this.#pulled = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async throwAway(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<unknown>((resolve) => this.#server.close(resolve));
  }
}
