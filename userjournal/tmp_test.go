package userjournal
import ("testing";"vexj/uapi")
func TestTmp(t *testing.T){
 w:=newWorkload(1); var raw []byte; n:=0; b:=uapi.NewBuilder(nil)
 for len(raw)<255<<10 { r:=w.next()
  h:=r.Header(); b.Begin(h); tk,_:=r.Task(); b.AddTask(tk); io,_:=r.IO(); b.AddIO(io)
  if r.Type()==uapi.FSOpen { b.AddOpen(uapi.Open{Flags:0x8000,Mode:0,FD:int32(io.Result)}) }
  f,_:=r.File(); b.AddFile(f); b.AddBytes(uapi.AttrPath,r.Path()); x,_:=b.Finish(); raw=append(raw,x...); n++ }
 var p packer
 start:=cpuTime()
 var out []byte
 for range 100 { out,_=p.pack(out[:0],raw,CodecDelta) }
 t.Logf("%.1f B/rec diff %.1f, %.0f ns", float64(len(out))/float64(n), float64(len(p.delta.out))/float64(n),(cpuTime()-start)/100/float64(n))
}
