package bridge

import (
	"io"
	"net"
	"testing"
	"time"
)

func TestOnlyConnectionsOnWhichNothingComesAreCut(t *testing.T) {
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	all := newConnections()
	open := func() (here, there net.Conn) {
		here, err := all.dial(t.Context(), peer.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		there, err = peer.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			here.Close()
			there.Close()
		})
		return here, there
	}
	mute, _ := open()
	mute.(*connection).heard.Store(time.Now().Add(-time.Hour).UnixNano())
	chatty, there := open()
	chatty.(*connection).heard.Store(time.Now().Add(-time.Hour).UnixNano())
	if _, err := there.Write([]byte("!")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(chatty, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}

	elsewhere := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	if n := all.cut(elsewhere, time.Minute); n != 0 {
		t.Errorf("%d connections to another address were cut", n)
	}
	if n := all.cut(peer.Addr(), time.Minute); n != 1 {
		t.Errorf("%d connections were cut, want the one", n)
	}
	if _, err := mute.Read(make([]byte, 1)); err == nil {
		t.Error("the one that nothing comes on stands")
	}
	if _, err := there.Write([]byte("!")); err != nil {
		t.Error(err)
	}
	if _, err := chatty.Read(make([]byte, 1)); err != nil {
		t.Errorf("the other one: %v", err)
	}
	mute.Close()
	chatty.Close()
	if n := len(all.open); n != 0 {
		t.Errorf("%d closed connections are remembered", n)
	}
}

func TestServicesAreReachedOverUnixSocketsAsWell(t *testing.T) {
	path := t.TempDir() + "/socket"
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, address := range []string{"unix:" + path, "unix://" + path} {
		conn, err := newConnections().dial(t.Context(), address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		conn.Close()
	}
}
